#include "storage/local/store_header.hpp"

#include <fmt/format.h>

#include "storage/local/store_header.pb.h"

namespace gridmail {

Bytes store_header_key() {
  using namespace std::string_literals;  // NOLINT: the key holds a NUL
  return "\0header"s;
}

Bytes encode_store_header(NodeId node, WallMicros created, std::uint32_t version) {
  local::StoreHeader header;
  header.set_format_version(version);
  header.set_node_id(node.bytes());
  header.set_created_wall_micros(created);
  header.set_created_by("gridmail");
  return header.SerializeAsString();
}

Result<void> check_store_header(BytesView record, NodeId node) {
  local::StoreHeader header;
  if (!header.ParseFromArray(record.data(), static_cast<int>(record.size())) ||
      header.format_version() == 0) {
    return fail(Errc::corrupted, "the store's header record is unreadable");
  }
  if (header.format_version() > store_format_version) {
    return fail(
        Errc::unsupported,
        fmt::format("the store has format version {}, this program reads up to {}: install a newer gridmail",
                    header.format_version(), store_format_version));
  }
  const auto owner = NodeId::from_bytes(header.node_id());
  if (!owner) return fail(Errc::corrupted, "the store's header names no node");
  if (*owner != node) {
    return fail(Errc::denied,
                fmt::format("the store belongs to node {}, this is node {}", owner->hex(), node.hex()));
  }
  return {};
}

}  // namespace gridmail
