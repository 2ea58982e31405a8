// UidBlock: which of 256 neighbouring UIDs exist, are \Seen, are \Deleted. So SELECT of 100,000 messages
// reads 400 small values instead of 100,000 entries.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "node/base/bytes.hpp"
#include "node/base/uid_set.hpp"

namespace gridmail {

/// Invariant: seen and deleted are subsets of exists.
class UidBlock {
 public:
  static constexpr std::uint32_t uids = 256;
  [[nodiscard]] static std::uint32_t number_of(Uid uid) { return uid / uids; }
  [[nodiscard]] static Uid first_of(std::uint32_t number) { return number * uids; }

  [[nodiscard]] bool exists(Uid uid) const { return test(exists_, uid); }
  [[nodiscard]] bool seen(Uid uid) const { return test(seen_, uid); }
  [[nodiscard]] bool deleted(Uid uid) const { return test(deleted_, uid); }
  [[nodiscard]] bool empty() const { return exists_ == Bits{}; }

  void set(Uid uid, bool seen, bool deleted) {
    assign(exists_, uid, true);
    assign(seen_, uid, seen);
    assign(deleted_, uid, deleted);
  }
  void clear(Uid uid) {
    assign(exists_, uid, false);
    assign(seen_, uid, false);
    assign(deleted_, uid, false);
  }

  /// Adds the UIDs of this block, which has number `number`, to `set`; they must be above those that it has.
  void append_to(UidSet& set, std::uint32_t number) const;
  /// The lowest UID that is not seen; 0 when there is none.
  [[nodiscard]] Uid first_unseen(std::uint32_t number) const;

  [[nodiscard]] Bytes encode() const;
  /// Nothing when the bytes are no block.
  [[nodiscard]] static std::optional<UidBlock> decode(BytesView bytes);

 private:
  using Bits = std::array<std::uint64_t, uids / 64>;
  [[nodiscard]] static bool test(const Bits& bits, Uid uid) {
    return (bits[uid % uids / 64] >> (uid % 64)) & 1U;
  }
  static void assign(Bits& bits, Uid uid, bool value) {
    const auto mask = std::uint64_t{1} << (uid % 64);
    auto& word = bits[uid % uids / 64];
    word = value ? word | mask : word & ~mask;
  }

  Bits exists_{}, seen_{}, deleted_{};
};

}  // namespace gridmail
