// Counts the Received fields of a message as it streams by, for loop detection (RFC 5321, section 6.3), and
// the bytes of its header.
#pragma once
#include <cstddef>

#include "node/base/bytes.hpp"

namespace gridmail::smtp {

/// Pure. Stops looking at the end of the header section.
class ReceivedCounter {
 public:
  void feed(BytesView bytes);
  [[nodiscard]] std::size_t count() const { return count_; }
  /// Of the header section, with the empty line behind it.
  [[nodiscard]] std::size_t header_bytes() const { return header_bytes_; }

 private:
  enum class State : std::uint8_t { matching, skipping, body };
  void match(char c);

  State state_ = State::matching;
  std::size_t matched_ = 0;  // bytes of "received:" at this line's start
  std::size_t count_ = 0;
  std::size_t header_bytes_ = 0;
};

}  // namespace gridmail::smtp
