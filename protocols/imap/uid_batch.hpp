// Large sets of messages in batches, so that a command over a million messages holds a thousand of them.
#pragma once
#include <algorithm>
#include <cstdint>
#include <utility>

#include "node/base/uid_set.hpp"

namespace gridmail::imap {

class UidBatches {
 public:
  UidBatches(UidSet uids, std::size_t messages_max) : uids_(std::move(uids)), messages_max_(messages_max) {}

  [[nodiscard]] bool done() const { return run_ == uids_.runs().size(); }
  /// The next messages in ascending order, at most so many; requires !done().
  [[nodiscard]] UidSet next() {
    UidSet batch;
    for (std::uint64_t room = messages_max_; room > 0 && !done();) {
      const UidSet::Run run = uids_.runs()[run_];
      const std::uint64_t first = run.first + taken_;
      const std::uint64_t count = std::min<std::uint64_t>(room, run.last - first + 1);
      batch.add(static_cast<Uid>(first), static_cast<Uid>(first + count - 1));
      room -= count;
      taken_ += count;
      if (first + count <= run.last) break;
      ++run_;
      taken_ = 0;
    }
    return batch;
  }

 private:
  UidSet uids_;
  std::size_t messages_max_;
  std::size_t run_ = 0;
  std::uint64_t taken_ = 0;  // of the present run
};

}  // namespace gridmail::imap
