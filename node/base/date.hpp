// Dates as people and programs read them: RFC 3339, UTC, to the second. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/base/clock.hpp"

namespace gridmail {

/// Such as "2026-10-01T06:30:00Z".
[[nodiscard]] std::string rfc3339(WallMicros micros);
/// What rfc3339() writes; nothing for any other form or zone.
[[nodiscard]] std::optional<WallMicros> parse_rfc3339(std::string_view text);

}  // namespace gridmail
