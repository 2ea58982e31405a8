// Draft: what one request would write. Several requests share an operation; the one that fails leaves nothing
// behind, because its draft is dropped before it reaches the operation.
#pragma once
#include <map>

#include "storage/mailbox/mailbox_keys.hpp"
#include "storage/mailbox/records.pb.h"
#include "storage/replication/operation.hpp"

namespace gridmail {

/// Reads see the draft's own writes, then those of the operation. On the slot's strand; the builder must
/// outlive it.
class Draft {
 public:
  explicit Draft(OperationBuilder& operation) : operation_(operation) {}

  [[nodiscard]] Task<Result<std::optional<Bytes>>> get(Family family, Bytes key);
  /// Pairs in the range as the operation has them, `pairs_max` at most; the draft's own writes do not show.
  [[nodiscard]] Task<Result<std::vector<KeyValue>>> scan(Family family, KeyRange range,
                                                         std::size_t pairs_max);
  /// A record of family meta. Errors: corrupted.
  template <class Record>
  [[nodiscard]] Task<Result<std::optional<Record>>> read(Bytes key) {
    const auto bytes = co_await get(Family::meta, std::move(key));
    if (!bytes) co_return tl::unexpected(bytes.error());
    if (!*bytes) co_return std::optional<Record>();
    Record record;
    if (!record.ParseFromString(**bytes)) co_return fail(Errc::corrupted, "mailbox record");
    co_return std::optional<Record>(std::move(record));
  }

  void put(Family family, Bytes key, Bytes value) {
    set(family, std::move(key), {How::put, std::move(value)});
  }
  /// For a key known to be absent.
  void put_fresh(Family family, Bytes key, Bytes value) {
    set(family, std::move(key), {How::put_fresh, std::move(value)});
  }
  void remove(Family family, Bytes key) { set(family, std::move(key), {How::remove, {}}); }
  /// For bytes that no committed entry names any more.
  void sweep(Family family, Bytes key) { set(family, std::move(key), {How::sweep, {}}); }

  /// Keys and values, about.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Hands everything to the operation.
  [[nodiscard]] Task<Result<void>> apply();

 private:
  enum class How : std::uint8_t { put, put_fresh, remove, sweep };
  struct Write {
    How how;
    Bytes value;
  };
  void set(Family family, Bytes key, Write write);

  OperationBuilder& operation_;
  std::map<std::pair<Family, Bytes>, Write> writes_;
  std::size_t bytes_ = 0;
};

}  // namespace gridmail
