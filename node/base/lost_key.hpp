// Where a store names what it lost of a slot: records that could not be read back and were left behind
// (family node). The value is for people. Whoever owns the slot's data removes it when nothing is missing any
// more.
#pragma once
#include <string_view>

#include "node/base/bytes.hpp"

namespace gridmail {

[[nodiscard]] inline Bytes lost_key(std::uint32_t slot) {
  Bytes key = "lost/";
  append_be32(key, slot);
  return key;
}

/// How the value ends once every other copy was asked for them, in vain.
inline constexpr std::string_view lost_for_good = " (no other copy has them)";

}  // namespace gridmail
