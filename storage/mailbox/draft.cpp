#include "storage/mailbox/draft.hpp"

namespace gridmail {

Task<Result<std::optional<Bytes>>> Draft::get(Family family, Bytes key) {
  const auto found = writes_.find({family, key});
  if (found == writes_.end()) co_return co_await operation_.get(family, std::move(key));
  if (found->second.how > How::put_fresh) co_return std::optional<Bytes>();
  co_return std::optional<Bytes>(found->second.value);
}

Task<Result<std::vector<KeyValue>>> Draft::scan(Family family, KeyRange range, std::size_t pairs_max) {
  return operation_.scan(family, std::move(range.first), std::move(range.last), pairs_max);
}

void Draft::set(Family family, Bytes key, Write write) {
  bytes_ += write.value.size();
  const auto key_size = key.size();
  const auto [at, added] = writes_.try_emplace({family, std::move(key)}, write);
  if (added) {
    bytes_ += key_size;
    return;
  }
  bytes_ -= at->second.value.size();
  // What was fresh before this draft stays so.
  if (at->second.how == How::put_fresh && write.how == How::put) write.how = How::put_fresh;
  at->second = std::move(write);
}

Task<Result<void>> Draft::apply() {
  for (auto& [place, write] : writes_) {
    const auto& [family, key] = place;
    Result<void> done;
    switch (write.how) {
      case How::put:
        done = co_await operation_.put(family, key, std::move(write.value));
        break;
      case How::put_fresh:
        operation_.put_fresh(family, key, std::move(write.value));
        break;
      case How::remove:
        done = co_await operation_.remove(family, key);
        break;
      case How::sweep:
        operation_.sweep(family, key);
        break;
    }
    if (!done) co_return done;
  }
  writes_.clear();
  bytes_ = 0;
  co_return Result<void>{};
}

}  // namespace gridmail
