// A chosen map with its bytes exactly as they were agreed.
#pragma once
#include "gossip/register/map.hpp"

namespace gridmail {

/// Where a node keeps the newest chosen map it has, in family node.
inline constexpr BytesView map_key = "map";

struct ChosenMap {
  MapPtr map;
  Bytes bytes;

  [[nodiscard]] MapVersion version() const { return map ? map->version : 0; }
};

}  // namespace gridmail
