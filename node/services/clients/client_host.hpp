// By which name mail programs reach the grid: one that its certificates vouch for, as they accept no other.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridmail {

/// `certificates`: the DNS names of each. The first name within the domain, its own last; what only serves to
/// find settings or other things is left out. Where the domain has none, the first name of the only
/// certificate that there is.
[[nodiscard]] std::optional<std::string> client_host(
    const std::vector<std::vector<std::string>>& certificates, std::string_view domain);

}  // namespace gridmail
