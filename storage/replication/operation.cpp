#include "storage/replication/operation.hpp"

#include <algorithm>

namespace gridmail {

std::size_t Operation::bytes() const {
  std::size_t sum = 0;
  for (const auto& write : writes) sum += write.key.size() + (write.value ? write.value->size() : 0);
  return sum;
}

Bytes slot_begin(SlotId slot) {
  Bytes key;
  append_be32(key, slot);
  return key;
}

Bytes slot_key(SlotId slot, char area, BytesView rest) {
  Bytes key;
  key.reserve(5 + rest.size());
  append_be32(key, slot);
  key.push_back(area);
  key.append(rest);
  return key;
}

Task<Result<OperationBuilder::Cell*>> OperationBuilder::load(Family family, const Bytes& key) {
  const auto found = cells_.find({family, key});
  if (found != cells_.end()) co_return &found->second;
  auto value = co_await base_->get(family, key);
  if (!value) co_return tl::unexpected(value.error());
  Cell cell;
  cell.old = *value;
  cell.now = std::move(*value);
  co_return &cells_.emplace(Place{family, key}, std::move(cell)).first->second;
}

void OperationBuilder::set(Family, const Bytes& key, Cell& cell, std::optional<Bytes> value) {
  bytes_ += (cell.written ? 0 : key.size()) + (value ? value->size() : 0);
  bytes_ -= cell.written && cell.now ? cell.now->size() : 0;
  cell.now = std::move(value);
  cell.written = true;
}

Task<Result<std::optional<Bytes>>> OperationBuilder::get(Family family, Bytes key) {
  const auto cell = co_await load(family, key);
  if (!cell) co_return tl::unexpected(cell.error());
  co_return (*cell)->now;
}

Task<Result<void>> OperationBuilder::put(Family family, Bytes key, Bytes value) {
  const auto cell = co_await load(family, key);
  if (!cell) co_return tl::unexpected(cell.error());
  set(family, key, **cell, std::move(value));
  co_return Result<void>{};
}

Task<Result<void>> OperationBuilder::remove(Family family, Bytes key) {
  const auto cell = co_await load(family, key);
  if (!cell) co_return tl::unexpected(cell.error());
  set(family, key, **cell, std::nullopt);
  co_return Result<void>{};
}

void OperationBuilder::put_fresh(Family family, Bytes key, Bytes value) {
  auto& cell = cells_[{family, key}];
  set(family, key, cell, std::move(value));
}

void OperationBuilder::sweep(Family family, Bytes key) {
  auto& cell = cells_[{family, key}];
  set(family, key, cell, std::nullopt);
  cell.final = true;
}

Task<Result<std::vector<KeyValue>>> OperationBuilder::scan(Family family, Bytes first, Bytes last,
                                                           std::size_t pairs_max) {
  std::vector<KeyValue> merged;
  auto mine = cells_.lower_bound({family, first});
  const auto mine_end =
      last.empty() ? cells_.upper_bound({family, Bytes(64, '\xff')}) : cells_.lower_bound({family, last});
  Bytes from = first;
  bool more = true;
  while (more && merged.size() < pairs_max) {
    const auto page = co_await base_->scan(family, from, last, 512, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    more = page->more;
    for (const auto& pair : page->pairs) {
      for (; mine != mine_end && mine->first.second < pair.key; ++mine) {
        if (mine->second.now) merged.push_back({mine->first.second, *mine->second.now});
      }
      if (mine != mine_end && mine->first.second == pair.key) {
        if (mine->second.now) merged.push_back({pair.key, *mine->second.now});
        ++mine;
      } else {
        merged.push_back(pair);
      }
      from = pair.key + '\0';
    }
  }
  if (!more) {
    for (; mine != mine_end; ++mine) {
      if (mine->second.now) merged.push_back({mine->first.second, *mine->second.now});
    }
  }
  if (merged.size() > pairs_max) merged.resize(pairs_max);
  co_return merged;
}

Operation OperationBuilder::take() {
  Operation operation;
  for (auto& [place, cell] : cells_) {
    const bool changed = cell.written && (cell.final || cell.now != cell.old);
    if (!changed) continue;
    operation.writes.push_back(
        {place.first, place.second, std::move(cell.now), std::move(cell.old), cell.final});
  }
  cells_.clear();
  bytes_ = 0;
  return operation;
}

}  // namespace gridmail
