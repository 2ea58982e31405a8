// ReadAhead: the bytes of many stretches of messages, in their order, asked for in windows: many small ones
// by one request, a long one by several. Between two windows the caller sends what it has while the next is
// on its way.
#pragma once
#include <deque>
#include <vector>

#include "protocols/ports/mailboxes.hpp"

namespace gridmail::imap {

/// Owned by one command, on the session's strand. Holds one window at most.
class ReadAhead {
 public:
  /// Of one request; with what is being sent of the last, twice so much is in memory.
  static constexpr std::uint64_t window_bytes = 512 * 1024;

  ReadAhead(ports::Mailboxes& mailboxes, UserId user) : mailboxes_(mailboxes), user_(user) {}

  /// Puts a range in line. Ranges are taken in this order, each to its end; empty ones never show.
  void add(MessageRange range) {
    if (range.length > 0) ranges_.push_back(range);
  }
  /// Ranges added so far; as an argument of skip_to(), the end of those.
  [[nodiscard]] std::size_t size() const { return taken_ + ranges_.size(); }
  /// Whether load() must come before take().
  [[nodiscard]] bool is_empty() const { return pieces_.empty(); }
  /// Asks for the next window; requires is_empty(), and a range that is not at its end. Errors: those of the
  /// port, of the range that is next; corrupted when its message ends early. After an error nothing has
  /// moved.
  [[nodiscard]] Task<Result<void>> load();
  /// The next bytes of the range that is next; never of two ranges.
  [[nodiscard]] Bytes take();
  /// Leaves out what is not loaded of the ranges before the given place.
  void skip_to(std::size_t place);

 private:
  [[nodiscard]] std::vector<MessageRange> next_window() const;
  [[nodiscard]] Result<void> move_past(const std::vector<MessageRange>& wanted);

  ports::Mailboxes& mailboxes_;
  UserId user_;
  std::deque<MessageRange> ranges_;  // what is not loaded yet
  std::size_t taken_ = 0;            // ranges that are
  std::deque<Bytes> pieces_;
};

}  // namespace gridmail::imap
