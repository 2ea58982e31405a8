// KeyWatch: the keys that operations have written since it began, so that what was read meanwhile is known to
// be still so, or not.
#pragma once
#include <set>
#include <utility>
#include <vector>

#include "storage/replication/operation.hpp"

namespace gridmail {

/// On the slot's strand.
class KeyWatch {
 public:
  /// More are not kept: then everything counts as touched.
  static constexpr std::size_t keys_max = 10'000;

  void note(const std::vector<SlotWrite>& writes) {
    for (const auto& write : writes) {
      if (keys_.size() < keys_max) keys_.emplace(write.family, write.key);
    }
  }
  [[nodiscard]] bool is_full() const { return keys_.size() >= keys_max; }
  [[nodiscard]] bool contains(Family family, const Bytes& key) const {
    return is_full() || keys_.contains({family, key});
  }
  /// Those in [first, last).
  [[nodiscard]] std::vector<Bytes> within(Family family, const Bytes& first, const Bytes& last) const {
    std::vector<Bytes> keys;
    for (auto at = keys_.lower_bound({family, first});
         at != keys_.end() && at->first == family && at->second < last; ++at) {
      keys.push_back(at->second);
    }
    return keys;
  }

 private:
  std::set<std::pair<Family, Bytes>> keys_;
};

}  // namespace gridmail
