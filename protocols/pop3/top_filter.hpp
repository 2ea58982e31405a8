// Cuts a message for TOP (RFC 1939, section 7): the header section, the empty line, and the first lines of
// the body.
#pragma once
#include <cstdint>

#include "node/base/bytes.hpp"

namespace gridmail::pop3 {

/// Pure. Feed the message in pieces of any size.
class TopFilter {
 public:
  explicit TopFilter(std::uint32_t body_lines) : lines_left_(body_lines) {}
  /// The part of the piece that belongs to the answer: its beginning.
  [[nodiscard]] BytesView take(BytesView piece);
  /// Nothing more will be taken.
  [[nodiscard]] bool done() const { return in_body_ && lines_left_ == 0; }

 private:
  void end_line();

  std::uint32_t lines_left_;
  bool in_body_ = false;
  std::size_t line_bytes_ = 0;   // of the line so far
  bool starts_with_cr_ = false;  // so does that line
};

}  // namespace gridmail::pop3
