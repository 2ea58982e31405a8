// One value of comma-separated values (RFC 4180).
#pragma once
#include <string>
#include <string_view>

namespace gridmail::text {

/// In quotes where it has a comma, a quote or a line end.
[[nodiscard]] std::string csv_field(std::string_view text);

}  // namespace gridmail::text
