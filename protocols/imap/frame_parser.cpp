#include "protocols/imap/frame_parser.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace gridmail::imap {
namespace {

constexpr std::size_t tail_bytes = 32;  // longer than any announcement

// literal           = "{" number "}" CRLF *CHAR8             ; RFC 3501
// literal =/          "{" number "+" "}" CRLF *CHAR8         ; RFC 7888
// Numbers up to 2^63 are understood, so that they can be refused.
std::optional<LiteralAnnouncement> announcement_at_end(std::string_view line) {
  if (line.empty() || line.back() != '}') return std::nullopt;
  const std::size_t open = line.rfind('{');
  if (open == std::string_view::npos) return std::nullopt;
  std::string_view digits = line.substr(open + 1, line.size() - open - 2);
  LiteralAnnouncement found;
  if (digits.ends_with('+')) {
    found.synchronizing = false;
    digits.remove_suffix(1);
  }
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  if (digits.empty() || digits.size() > 18) return std::nullopt;
  const auto end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, found.size);
  if (error != std::errc{} || stop != end || digits.front() == '-') return std::nullopt;
  return found;
}

}  // namespace

std::size_t FrameParser::room() const {
  const std::size_t used = raw_.line.size() + literal_bytes_;
  return used < command_bytes_max_ ? command_bytes_max_ - used : 0;
}

bool FrameParser::literal_fits() const {
  return raw_.fault == RawCommand::Fault::none && announced_.size <= room();
}

FrameParser::Event FrameParser::feed(BytesView& in) {
  while (!in.empty()) {
    if (state_ == State::line) {
      const std::size_t end = in.find('\n');
      keep(in.substr(0, end));
      if (end == BytesView::npos) {
        in = {};
        break;
      }
      in.remove_prefix(end + 1);
      return end_line();
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(missing_, in.size()));
    if (state_ == State::literal) raw_.literals.back().append(in.substr(0, count));
    in.remove_prefix(count);
    missing_ -= count;
    if (missing_ == 0) state_ = State::line;
  }
  return Event::need_bytes;
}

void FrameParser::keep(BytesView bytes) {
  if (raw_.fault == RawCommand::Fault::none && bytes.size() > room()) {
    raw_.fault = RawCommand::Fault::line_too_long;
    const std::size_t kept = std::min(raw_.line.size() - line_start_, tail_bytes);
    tail_ = raw_.line.substr(raw_.line.size() - kept);
    raw_.line.append(bytes.substr(0, room()));
  } else if (raw_.fault == RawCommand::Fault::none) {
    raw_.line.append(bytes);
    return;
  }
  tail_.append(bytes.substr(bytes.size() - std::min(bytes.size(), tail_bytes)));
  if (tail_.size() > tail_bytes) tail_.erase(0, tail_.size() - tail_bytes);
}

FrameParser::Event FrameParser::end_line() {
  const bool whole = raw_.fault == RawCommand::Fault::none;
  std::string& text = whole ? raw_.line : tail_;
  const std::size_t start = whole ? line_start_ : 0;
  if (text.size() > start && text.back() == '\r') text.pop_back();
  const auto found = announcement_at_end(std::string_view(text).substr(start));
  if (!found) return Event::command;
  announced_ = *found;
  return Event::literal;
}

void FrameParser::take_literal() {
  line_start_ = raw_.line.size();
  raw_.literals.emplace_back();
  raw_.literals.back().reserve(static_cast<std::size_t>(announced_.size));
  literal_bytes_ += static_cast<std::size_t>(announced_.size);
  missing_ = announced_.size;
  state_ = missing_ == 0 ? State::line : State::literal;
}

void FrameParser::discard_literal() {
  if (raw_.fault == RawCommand::Fault::none) raw_.fault = RawCommand::Fault::literal_too_long;
  tail_.clear();
  missing_ = announced_.size;
  state_ = missing_ == 0 ? State::line : State::discarded_literal;
}

void FrameParser::refuse_literal() {
  static_cast<void>(take());
}

RawCommand FrameParser::take() {
  state_ = State::line;
  tail_ = {};
  line_start_ = 0;
  literal_bytes_ = 0;
  return std::exchange(raw_, {});
}

}  // namespace gridmail::imap
