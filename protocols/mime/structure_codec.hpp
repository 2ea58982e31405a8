// Structure to stored bytes and back: the record of protocols/mime/structure.proto.
#pragma once
#include "node/base/bytes.hpp"
#include "node/base/result.hpp"
#include "protocols/mime/structure.hpp"

namespace gridmail::mime {

[[nodiscard]] Bytes encode(const Structure& structure);

/// Errors: corrupted when the bytes are no record or break Structure's invariants.
/// A record of an older parser decodes; `is_outdated` then says to parse the message anew.
[[nodiscard]] Result<Structure> decode(BytesView bytes);

[[nodiscard]] inline bool is_outdated(const Structure& structure) {
  return structure.version < parser_version;
}

}  // namespace gridmail::mime
