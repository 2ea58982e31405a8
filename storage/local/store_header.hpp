// The store's header record: format version and owner. Pure: bytes in, verdict out.
#pragma once
#include "node/base/clock.hpp"
#include "node/base/ids.hpp"
#include "node/base/result.hpp"

namespace gridmail {

/// What this program writes. A store above it is refused, one below is read (and raised by whoever adds a
/// format).
inline constexpr std::uint32_t store_format_version = 1;

/// Where the record lies: family node, below every other key.
[[nodiscard]] Bytes store_header_key();

[[nodiscard]] Bytes encode_store_header(NodeId node, WallMicros created,
                                        std::uint32_t version = store_format_version);

/// Whether this program, as `node`, may use the store that carries this record. Errors: unsupported (a newer
/// format), denied (another node's), corrupted.
[[nodiscard]] Result<void> check_store_header(BytesView record, NodeId node);

}  // namespace gridmail
