// Who asks something of the HTTP API.
#pragma once
#include <string>

namespace gridmail::api {

/// Somebody whose log-in or token is known to be right.
struct Principal {
  std::string name;  ///< as the audit log says it: an administrator, a user's address, "token" and its name
};

/// In whose name a change is made, and from where.
struct Actor {
  std::string who;
  std::string address;
};

}  // namespace gridmail::api
