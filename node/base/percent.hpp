// Percent-encoding (RFC 3986, section 2.1).
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace gridmail {

/// Nothing where a % is not followed by two hex digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
/// Everything but unreserved characters (section 2.3) as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace gridmail
