#include "node/cli/admin_verbs.hpp"

#include <fmt/format.h>

#include "node/cli/outcome.hpp"
#include "node/cli/secret.hpp"

namespace gridmail::cli {

Result<Outcome> admin_list(const ApiClient& api, const Arguments&) {
  return list(api, "/admins", {"name", "created", "password_set"});
}

Result<Outcome> admin_add(const ApiClient& api, const Arguments& arguments) {
  const auto& name = arguments.at("name");
  const auto password = new_password(arguments, name);
  if (!password) return tl::unexpected(password.error());
  return acted(api.post("/admins", {{"name", name}, {"password", *password}}), fmt::format("added {}", name));
}

Result<Outcome> admin_passwd(const ApiClient& api, const Arguments& arguments) {
  const auto& name = arguments.at("name");
  const auto password = new_password(arguments, name);
  if (!password) return tl::unexpected(password.error());
  return acted(api.put(below("admins", name, "/password"), {{"password", *password}}),
               fmt::format("{} has a new password, and no session any more", name));
}

Result<Outcome> admin_remove(const ApiClient& api, const Arguments& arguments) {
  const auto& name = arguments.at("name");
  return acted(api.remove(below("admins", name)), fmt::format("removed {}", name));
}

}  // namespace gridmail::cli
