// The Store port: one node's ordered key-value store. Production binds it to RocksDB (storage/local), the
// simulator to a store that forgets what was not synced. It lies below the layers because the map register
// keeps its acceptor state through it as well.
#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/base/bytes.hpp"
#include "node/base/result.hpp"

namespace gridmail {

template <class T>
using Task = asio::awaitable<T>;

/// Column families (design, section 7). Their layouts: storage/local/LAYOUT.md.
enum class Family : std::uint8_t {
  meta,  ///< mailboxes, directory, queue
  body,  ///< message bytes
  log,   ///< per slot: what was touched, copy state
  node,  ///< identity, map, acceptor state, intake journal
};
inline constexpr std::size_t family_count = 4;

/// Writes that become durable together, or not at all. Order counts: a later write of a key wins.
class Batch {
 public:
  struct Write {
    enum class Kind : std::uint8_t { put, remove, remove_range } kind;
    Family family;
    Bytes key;    ///< or the first key of the range
    Bytes value;  ///< or the first key after the range
  };
  void put(Family family, Bytes key, Bytes value) {
    add({Write::Kind::put, family, std::move(key), std::move(value)});
  }
  void remove(Family family, Bytes key) { add({Write::Kind::remove, family, std::move(key), {}}); }
  /// Removes all keys in [first, last).
  void remove_range(Family family, Bytes first, Bytes last) {
    add({Write::Kind::remove_range, family, std::move(first), std::move(last)});
  }
  void append(Batch other) {
    for (auto& write : other.writes_) add(std::move(write));
  }
  [[nodiscard]] const std::vector<Write>& writes() const { return writes_; }
  [[nodiscard]] bool empty() const { return writes_.empty(); }
  /// Bytes of all keys and values.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  void add(Write write) {
    bytes_ += write.key.size() + write.value.size();
    writes_.push_back(std::move(write));
  }
  std::vector<Write> writes_;
  std::size_t bytes_ = 0;
};

struct KeyValue {
  Bytes key;
  Bytes value;
};

/// A frozen view. Cheap to take; not to be kept for long. May be used from any strand.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  /// The value, or nothing. Errors: io, corrupted.
  using Value = Result<std::optional<Bytes>>;
  [[nodiscard]] virtual Task<Value> get(Family family, Bytes key) const = 0;
  /// As get for each of the keys, in their order; what is not in memory is waited for together.
  [[nodiscard]] virtual Task<std::vector<Value>> get_each(Family family, std::vector<Bytes> keys) const;
  /// Pairs in key order from `first` up to, not including, `last` (empty: the family's end), until either
  /// limit is reached; at least one pair when there is any. `more` is set when the range was not exhausted.
  struct Page {
    std::vector<KeyValue> pairs;
    bool more = false;
  };
  [[nodiscard]] virtual Task<Result<Page>> scan(Family family, Bytes first, Bytes last, std::size_t pairs_max,
                                                std::size_t bytes_max) const = 0;
  /// The last pair in [first, last), or nothing.
  [[nodiscard]] virtual Task<Result<std::optional<KeyValue>>> last(Family family, Bytes first,
                                                                   Bytes last) const = 0;
};

/// Thread-safe. Reads never block the caller's event loop on disk: what is not in memory is read on an I/O
/// pool.
class Store {
 public:
  virtual ~Store() = default;
  using Done = std::function<void(Result<void>)>;
  /// Makes the batch durable with one group-committed sync, then visible, then calls `done` (on any thread).
  /// Batches become durable and visible in the order of these calls. Errors: io, no_space; the node must
  /// stop, and no later batch becomes durable.
  virtual void commit(Batch batch, Done done) = 0;
  /// As commit, resumed on the caller's executor.
  [[nodiscard]] Task<Result<void>> commit(Batch batch);
  [[nodiscard]] virtual std::shared_ptr<const Snapshot> snapshot() = 0;
  /// Reads of the newest visible state.
  [[nodiscard]] Task<Result<std::optional<Bytes>>> get(Family family, Bytes key);
  /// How long the group of commits that is being written has been under way; zero when nothing waits. "Alive
  /// means working" looks here: a disk that gets on works, however much waits for it.
  [[nodiscard]] virtual std::chrono::nanoseconds stalled_for() const = 0;
};

}  // namespace gridmail
