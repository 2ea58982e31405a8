#include "tests/support/pipe_stream.hpp"

#include <algorithm>
#include <asio/error.hpp>
#include <asio/system_error.hpp>
#include <cstring>

namespace gridmail::testing {

PipeStream::PipeStream(Clock& clock, std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out, PipeOptions options)
    : clock_(clock), in_(std::move(in)), out_(std::move(out)), options_(std::move(options)) {}

std::pair<std::unique_ptr<PipeStream>, std::unique_ptr<PipeStream>> PipeStream::make_pair(
    const asio::any_io_executor& executor, Clock& clock, const PipeOptions& session_options) {
  const auto to_session = std::make_shared<Pipe>(executor);
  const auto to_script = std::make_shared<Pipe>(executor);
  return {std::unique_ptr<PipeStream>(new PipeStream(clock, to_session, to_script, session_options)),
          std::unique_ptr<PipeStream>(new PipeStream(clock, to_script, to_session, {}))};
}

PipeStream::~PipeStream() {
  close();
}

void PipeStream::begin_step() {
  if (closed_) throw asio::system_error(asio::error::bad_descriptor);
  if (++steps_ != break_at_) return;
  close();
  throw asio::system_error(asio::error::connection_reset);
}

Task<void> PipeStream::wait_for_input() {
  const auto alarm = deadline_ == TimePoint::never()
                         ? nullptr
                         : clock_.call_at(deadline_, [changed = in_->changed] { changed->set(); });
  while (in_->bytes.empty() && !in_->finished && !closed_) {
    if (clock_.now() >= deadline_) {
      close();
      throw asio::system_error(asio::error::timed_out);
    }
    co_await in_->changed->wait();
    in_->changed->reset();
  }
}

Task<std::size_t> PipeStream::read_some(char* out, std::size_t size) {
  begin_step();
  const auto pipe = in_;
  try {
    co_await wait_for_input();
  } catch (const asio::system_error&) {
    close();
    throw;
  }
  if (closed_) throw asio::system_error(asio::error::bad_descriptor);
  const std::size_t count = std::min({size, read_max_, pipe->bytes.size()});
  std::memcpy(out, pipe->bytes.data(), count);
  pipe->bytes.erase(0, count);
  co_return count;
}

Task<void> PipeStream::write(BytesView bytes) {
  begin_step();
  if (out_->broken) {
    close();
    throw asio::system_error(asio::error::broken_pipe);
  }
  out_->bytes.append(bytes);
  out_->changed->set();
  co_return;
}

Task<void> PipeStream::start_tls() {
  begin_step();
  options_.secure = true;
  co_return;
}

void PipeStream::finish_sending() {
  out_->finished = true;
  out_->changed->set();
}

void PipeStream::close() {
  if (closed_) return;
  closed_ = true;
  finish_sending();
  in_->broken = true;
  in_->changed->set();
}

Task<std::string> read_until(Stream& stream, std::string& buffer, std::string end) {
  std::size_t found = 0;
  while ((found = buffer.find(end)) == std::string::npos) {
    char piece[4096];
    const std::size_t count = co_await stream.read_some(piece, sizeof piece);
    if (count == 0) throw asio::system_error(asio::error::eof);
    buffer.append(piece, count);
  }
  std::string taken = buffer.substr(0, found + end.size());
  buffer.erase(0, found + end.size());
  co_return taken;
}

}  // namespace gridmail::testing
