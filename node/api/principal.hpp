// Who asks something of the HTTP API, and what such may do.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/directory/role_names.hpp"

namespace gridmail::api {

/// Each may do what the one before may, and more.
enum class Role : std::uint8_t {
  user,       ///< see and change what is the own: password, app passwords
  viewer,     ///< see everything but secrets
  operator_,  ///< and keep the grid running: drain, maintenance, jobs, the queue
  admin,      ///< and change everything
};

[[nodiscard]] constexpr std::string_view name_of(Role role) {
  return role_names[static_cast<std::size_t>(role)];
}
[[nodiscard]] constexpr std::optional<Role> role_named(std::string_view name) {
  for (const auto role : {Role::user, Role::viewer, Role::operator_, Role::admin}) {
    if (name_of(role) == name) return role;
  }
  return std::nullopt;
}

/// Somebody whose log-in, token or session is known to be right.
struct Principal {
  std::string name;  ///< as the audit log says it: that of the account, or "token" and its name
  Role role = Role::user;
  std::string account;  ///< an administrator's name, or a user's address; of a token its owner's

  /// Whether this is that user in person. A token is not: it would otherwise set its owner's password, and so
  /// get more than its role.
  [[nodiscard]] bool is_user(std::string_view address) const {
    return name == account && account == address && account.find('@') != std::string::npos;
  }
};

/// What a request would do, had it not asked for nothing else than to be told.
struct Trial {
  struct Change {
    std::string verb, object, before, after;  ///< as the audit log would say it
  };
  std::vector<Change> changes;
  std::vector<std::string> effects;  ///< what that moves or removes, and how much; a sentence each
};

/// In whose name a change is made, and from where.
struct Actor {
  Principal who;
  std::string address;
  std::shared_ptr<Trial> trial = {};  ///< not empty: nothing is changed, and what would be is said there
};

}  // namespace gridmail::api
