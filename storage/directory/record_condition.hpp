// Changes of the directory that are made only while a record is as somebody has read it.
#pragma once
#include <string_view>

#include "node/base/bytes.hpp"

namespace gridmail {

/// What a change says whose condition does not hold; its error is conflict.
inline constexpr std::string_view record_changed = "it has changed since it was read";

/// What stands for a record in a condition: of its bytes as they are stored.
[[nodiscard]] inline Bytes digest_of_record(BytesView record) {
  return blake2b(record, 16);
}

}  // namespace gridmail
