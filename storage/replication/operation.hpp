// What a slot replicates: one operation is a set of writes that all copies apply together, at one position.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "node/base/ids.hpp"
#include "node/base/store.hpp"

namespace gridmail {

/// One key of an operation. It carries the value it replaces, so that a copy can take back a tail that was
/// never committed without having to read before it writes.
struct SlotWrite {
  Family family = Family::meta;  ///< meta or body
  Bytes key;                     ///< whole key, slot prefix included
  std::optional<Bytes> value;    ///< nothing: the key goes
  std::optional<Bytes> old;      ///< nothing: the key was not there
  /// A sweep of bytes that no entry names any more: cannot be taken back, and needs no old value.
  bool final = false;
};

/// Over 1 MiB (keys and values) is a programmer's error: long things go in chunks (design, section 7).
struct Operation {
  std::vector<SlotWrite> writes;
  [[nodiscard]] bool empty() const { return writes.empty(); }
  [[nodiscard]] std::size_t bytes() const;
};
inline constexpr std::size_t operation_bytes_max = 1 << 20;

/// The keys of a slot, in families meta and body: [slot_begin(s), slot_begin(s + 1)).
[[nodiscard]] Bytes slot_begin(SlotId slot);
/// slot, then what the key is for, then the rest: see storage/local/LAYOUT.md. `area`: 'u' user, 'q' queue,
/// 'd' directory, 'o' outbox.
[[nodiscard]] Bytes slot_key(SlotId slot, char area, BytesView rest);

/// Builds an operation over a snapshot: reads see the writes made so far. One builder per operation; on the
/// slot's strand. Two builders alive at once must touch different keys: mailbox code has one writer per user.
class OperationBuilder {
 public:
  explicit OperationBuilder(std::shared_ptr<const Snapshot> base) : base_(std::move(base)) {}

  [[nodiscard]] Task<Result<std::optional<Bytes>>> get(Family family, Bytes key);
  /// Pairs with keys in [first, last) as they would be after this operation, in order, `pairs_max` at most.
  [[nodiscard]] Task<Result<std::vector<KeyValue>>> scan(Family family, Bytes first, Bytes last,
                                                         std::size_t pairs_max);
  /// Reads what the key holds unless this builder has read or written it before.
  [[nodiscard]] Task<Result<void>> put(Family family, Bytes key, Bytes value);
  [[nodiscard]] Task<Result<void>> remove(Family family, Bytes key);
  /// For a key known to be absent (it contains a fresh id): saves the read.
  void put_fresh(Family family, Bytes key, Bytes value);
  /// For bytes that no entry names any more, once the removal of the last entry is committed.
  void sweep(Family family, Bytes key);

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] Operation take();

 private:
  struct Cell {
    std::optional<Bytes> old;
    std::optional<Bytes> now;
    bool written = false;
    bool final = false;
  };
  using Place = std::pair<Family, Bytes>;
  [[nodiscard]] Task<Result<Cell*>> load(Family family, const Bytes& key);
  void set(Family family, const Bytes& key, Cell& cell, std::optional<Bytes> value);

  std::shared_ptr<const Snapshot> base_;
  std::map<Place, Cell> cells_;
  std::size_t bytes_ = 0;
};

}  // namespace gridmail
