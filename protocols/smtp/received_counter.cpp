#include "protocols/smtp/received_counter.hpp"

#include <algorithm>

#include "protocols/text/ascii.hpp"

namespace gridmail::smtp {
namespace {
constexpr std::string_view field_name = "received:";
}

void ReceivedCounter::feed(BytesView bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ != State::body) {
    if (state_ == State::matching) {
      match(bytes[at++]);
      continue;
    }
    at = std::min(bytes.find('\n', at), bytes.size() - 1) + 1;
    if (bytes[at - 1] != '\n') break;
    matched_ = 0;
    state_ = State::matching;
  }
  header_bytes_ += at;
}

void ReceivedCounter::match(char c) {
  if (matched_ == 0 && c == '\r') return;  // of the empty line that ends the header section
  if (c == '\n') {
    state_ = matched_ == 0 ? State::body : State::matching;
    matched_ = 0;
  } else if (text::lower(c) != field_name[matched_]) {
    state_ = State::skipping;
  } else if (++matched_ == field_name.size()) {
    ++count_;
    state_ = State::skipping;
  }
}

}  // namespace gridmail::smtp
