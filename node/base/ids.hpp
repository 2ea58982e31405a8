// Strong types for everything that is counted or named in the grid (design, words).
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "node/base/bytes.hpp"

namespace gridmail {

class Random;

/// 16 opaque bytes with order, hash and hex; Tag keeps one kind from being passed for another.
template <class Tag>
struct Id16 {
  std::array<char, 16> value{};

  auto operator<=>(const Id16&) const = default;
  [[nodiscard]] BytesView view() const { return {value.data(), value.size()}; }
  [[nodiscard]] Bytes bytes() const { return Bytes(view()); }
  [[nodiscard]] std::string hex() const { return to_hex(view()); }
  /// Eight hex digits: for logs.
  [[nodiscard]] std::string brief() const { return to_hex(view().substr(0, 4)); }
  [[nodiscard]] bool is_nil() const { return *this == Id16{}; }
  /// Nothing unless exactly 16 bytes.
  [[nodiscard]] static std::optional<Id16> from_bytes(BytesView bytes) {
    if (bytes.size() != 16) return std::nullopt;
    Id16 id;
    std::memcpy(id.value.data(), bytes.data(), 16);
    return id;
  }
  [[nodiscard]] static std::optional<Id16> from_hex(std::string_view text) {
    const auto bytes = gridmail::from_hex(text);
    if (!bytes) return std::nullopt;
    return from_bytes(*bytes);
  }
};

/// BLAKE2b-128 of the node's Ed25519 public key.
using NodeId = Id16<struct NodeTag>;
/// Drawn when the user is added, never used again.
using UserId = Id16<struct UserTag>;
/// Names one operation or delivery, so that a retry is applied once.
using Guid = Id16<struct GuidTag>;
/// One stored message of one user; several mailbox entries may point to it.
using EmailId = Id16<struct EmailTag>;

using SlotId = std::uint32_t;  ///< 0 … slots-1 hold users and queue entries; slots is the directory
using Epoch = std::uint64_t;   ///< of one slot; raised by every change of its primary, in-sync or joining set
using Sequence = std::uint64_t;  ///< of one slot's log; goes on over epochs
using MapVersion = std::uint64_t;
using MailboxId = std::uint32_t;  ///< within one user; never reused
using Uid = std::uint32_t;        ///< RFC 3501, 2.3.1.1
using UidValidity = std::uint32_t;
using ModSeq = std::uint64_t;  ///< RFC 7162; one counter per mailbox here

/// The place of an operation in a slot: epochs first, then sequence.
struct Position {
  Epoch epoch = 0;
  Sequence sequence = 0;
  auto operator<=>(const Position&) const = default;
};

/// The slot that holds `key` (a user's id, a queue entry's id): BLAKE2b(key) mod slots.
[[nodiscard]] SlotId slot_of(BytesView key, std::uint32_t slots);

/// Draws a fresh id.
template <class Id>
[[nodiscard]] Id draw_id(Random& random);

}  // namespace gridmail

template <class Tag>
struct std::hash<gridmail::Id16<Tag>> {
  std::size_t operator()(const gridmail::Id16<Tag>& id) const noexcept {
    std::size_t h;
    std::memcpy(&h, id.value.data(), sizeof h);
    return h;
  }
};

#include "node/base/random.hpp"

template <class Id>
Id gridmail::draw_id(Random& random) {
  Id id;
  random.fill(id.value.data(), id.value.size());
  return id;
}
