// RangeDigest: what a range of keys holds, in 16 bytes. Digests of ranges side by side add up to that of
// both: the nodes of the hash tree by which two copies are compared.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "node/base/bytes.hpp"

namespace gridmail {

class RangeDigest {
 public:
  static constexpr std::size_t size = 16;

  void add(BytesView key, BytesView value) {
    Bytes record;
    record.reserve(4 + key.size() + value.size());
    append_be32(record, static_cast<std::uint32_t>(key.size()));
    record.append(key);
    record.append(value);
    add(blake2b(record, size));
  }
  /// Another range's, or another record's.
  void add(BytesView digest) {
    for (std::size_t i = 0; i < size; ++i) sum_[i] = static_cast<char>(sum_[i] ^ digest[i]);
  }
  [[nodiscard]] BytesView bytes() const { return {sum_.data(), size}; }

 private:
  std::array<char, size> sum_{};
};

}  // namespace gridmail
