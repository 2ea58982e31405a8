#include "protocols/line/line_channel.hpp"

#include "node/base/result.hpp"

namespace gridmail {
namespace {
constexpr std::size_t output_large = 64 * 1024;
constexpr std::size_t output_kept = 4 * 1024;  // an idle connection holds no more
}  // namespace

Task<std::optional<Line>> LineChannel::read_line(std::size_t bytes_max, Duration timeout) {
  // One deadline for the line, however small the pieces it comes in.
  const TimePoint deadline = clock_.now() + timeout;
  for (;;) {
    if (auto line = input_.take_line(bytes_max)) co_return line;
    input_.release();  // whoever reserved more for bulk is done with it
    const bool more = co_await fill_until(deadline);
    if (!more) co_return std::nullopt;
  }
}

Task<bool> LineChannel::fill(Duration timeout) {
  return fill_until(clock_.now() + timeout);
}

Task<bool> LineChannel::fill_until(TimePoint deadline) {
  if (!output_.empty()) co_await flush();
  stream_.expires_at(deadline);
  const auto space = input_.space();
  awaits_client_ = true;
  const std::size_t bytes = co_await stream_.read_some(space.data, space.size);
  awaits_client_ = false;
  input_.filled(bytes);
  co_return bytes > 0;
}

Task<void> LineChannel::say_last(const std::string& text) {
  has_said_last_ = true;
  stream_.expires_at(clock_.now() + write_timeout_);
  co_await stream_.write(text);
}

Task<void> LineChannel::flush() {
  if (has_said_last_) output_.clear();
  if (output_.empty()) co_return;
  stream_.expires_at(clock_.now() + write_timeout_);
  co_await stream_.write(output_);
  output_.clear();
  if (output_.capacity() > output_kept) output_.shrink_to_fit();
}

Task<void> LineChannel::flush_if_large() {
  if (output_.size() >= output_large) co_await flush();
}

Task<void> LineChannel::start_tls() {
  GRIDMAIL_ASSERT(input_.buffered().empty());
  co_await flush();
  stream_.expires_at(clock_.now() + write_timeout_);
  co_await stream_.start_tls();
}

}  // namespace gridmail
