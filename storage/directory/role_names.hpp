// What the roles of the HTTP API are called: in requests, in answers, in the audit log.
#pragma once
#include <array>
#include <string_view>

namespace gridmail {

/// Each may do what the one before may, and more. In the order of directory::Role, behind its ROLE_UNSET.
inline constexpr std::array<std::string_view, 4> role_names = {"user", "viewer", "operator", "admin"};

}  // namespace gridmail
