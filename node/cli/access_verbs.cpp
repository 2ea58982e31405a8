#include "node/cli/access_verbs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "node/cli/movement_verbs.hpp"
#include "node/cli/outcome.hpp"
#include "node/cli/text_view.hpp"

namespace gridmail::cli {
namespace {

const std::string token_lives = "365d";  // unless something else is said

/// "imap,smtp" as an array.
Json parts_of(std::string_view text) {
  Json parts = Json::array();
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(','));
    if (!part.empty()) parts.push_back(std::string(part));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return parts;
}

/// On standard output nothing but what is shown this once, so that it can be piped on.
Result<Outcome> secret_outcome(Result<Json> answer, const char* field) {
  if (!answer) return tl::unexpected(answer.error());
  auto text = answer->value(field, "") + "\n";
  return Outcome{std::move(*answer), std::move(text), 0};
}

}  // namespace

Result<Outcome> audit_list(const ApiClient& api, const Arguments& arguments) {
  std::string target = "/audit";
  for (const auto* option : {"--limit", "--after"}) {
    const auto given = arguments.find(option);
    if (given == arguments.end()) continue;
    target += fmt::format("{}{}={}", target.find('?') == std::string::npos ? '?' : '&', option + 2,
                          path_part(given->second));
  }
  // One page: nobody wants all that ever happened.
  auto rows = api.get(target);
  if (!rows) return tl::unexpected(rows.error());
  auto text = table_text(*rows, {"id", "at", "who", "address", "verb", "object", "before", "after"});
  return Outcome{std::move(*rows), std::move(text), 0};
}

Result<Outcome> user_role(const ApiClient& api, const Arguments& arguments) {
  const auto &address = arguments.at("address"), &role = arguments.at("role");
  return acted(api.put(below("users", address, "/role"), {{"role", role}}),
               fmt::format("{} has the role {}", address, role));
}

Result<Outcome> user_app_password(const ApiClient& api, const Arguments& arguments) {
  const auto &action = arguments.at("action"), &address = arguments.at("address");
  const auto name = arguments.find("--name"), protocols = arguments.find("--protocols");
  const auto path = below("users", address, "/app-passwords");
  if (action == "list") return list(api, path, {"name", "protocols", "created"});
  if (action != "add" && action != "remove") return fail(Errc::invalid, "say add, list or remove");
  if (name == arguments.end()) return fail(Errc::invalid, "--name says which one");
  if (action == "remove")
    return acted(api.remove(fmt::format("{}/{}", path, path_part(name->second))),
                 fmt::format("{} of {} is of no use any more", name->second, address));
  if (protocols == arguments.end())
    return fail(Errc::invalid, "--protocols says what for, such as imap,smtp");
  const Json body = {{"name", name->second}, {"protocols", parts_of(protocols->second)}};
  return secret_outcome(api.post(path, body), "password");
}

Result<Outcome> token_add(const ApiClient& api, const Arguments& arguments) {
  const auto role = arguments.find("--role"), expires = arguments.find("--expires");
  if (role == arguments.end()) return fail(Errc::invalid, "--role is viewer, operator, admin or user");
  Json body = {{"name", arguments.at("name")}, {"role", role->second}};
  const auto after = expires == arguments.end() ? token_lives : expires->second;
  if (after != "never") {
    const auto seconds = seconds_from(after);
    if (!seconds) return tl::unexpected(seconds.error());
    body["expires_seconds"] = *seconds;
  }
  return secret_outcome(api.post("/tokens", body), "token");
}

Result<Outcome> token_list(const ApiClient& api, const Arguments&) {
  return list(api, "/tokens", {"name", "role", "owner", "created", "expires"});
}

Result<Outcome> token_remove(const ApiClient& api, const Arguments& arguments) {
  const auto& name = arguments.at("name");
  return acted(api.remove(below("tokens", name)), fmt::format("removed {}", name));
}

Result<Outcome> join_token_list(const ApiClient& api, const Arguments&) {
  return list(api, "/join-tokens", {"id", "created", "expires"});
}

Result<Outcome> join_token_remove(const ApiClient& api, const Arguments& arguments) {
  const auto& id = arguments.at("id");
  return acted(api.remove(below("join-tokens", id)), fmt::format("removed {}", id));
}

Result<Outcome> session_list(const ApiClient& api, const Arguments&) {
  return list(api, "/sessions", {"id", "account", "role", "address", "created", "expires"});
}

Result<Outcome> session_end(const ApiClient& api, const Arguments& arguments) {
  const auto& id = arguments.at("id");
  return acted(api.remove(below("sessions", id)), fmt::format("logged out {}", id));
}

}  // namespace gridmail::cli
