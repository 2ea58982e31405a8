// By which name mail programs reach the grid: one that its certificates vouch for, as they accept no other.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridmail {

/// `certificates`: the DNS names of each. Within the domain: mail., imap., another name, mail. by a wildcard,
/// the domain itself; what only serves to find settings or other things is left out. Where the domain has
/// none: such a name of the only certificate that there is; or `own_host`, the node's, where one has it.
[[nodiscard]] std::optional<std::string> client_host(
    const std::vector<std::vector<std::string>>& certificates, std::string_view domain,
    std::string_view own_host);

}  // namespace gridmail
