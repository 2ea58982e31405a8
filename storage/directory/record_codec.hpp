// Protobuf records out of stored bytes, with damage as an error value.
#pragma once
#include <optional>

#include "node/base/bytes.hpp"
#include "node/base/result.hpp"

namespace gridmail {

/// Errors: corrupted.
template <class Record>
[[nodiscard]] Result<Record> decode_record(BytesView bytes) {
  Record record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::corrupted, "a record cannot be read");
  }
  return record;
}

/// A key that is not there is no error.
template <class Record>
[[nodiscard]] Result<std::optional<Record>> decode_stored(const Result<std::optional<Bytes>>& value) {
  if (!value) return tl::unexpected(value.error());
  if (!*value) return std::optional<Record>();
  auto record = decode_record<Record>(**value);
  if (!record) return tl::unexpected(std::move(record.error()));
  return std::optional<Record>(std::move(*record));
}

}  // namespace gridmail
