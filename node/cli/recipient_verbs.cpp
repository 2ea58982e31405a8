#include "node/cli/recipient_verbs.hpp"

#include <fmt/format.h>

#include "node/cli/member_changes.hpp"
#include "node/cli/outcome.hpp"
#include "node/cli/text_view.hpp"

namespace gridmail::cli {
namespace {

/// "a@b,c@d" as an array; empty parts are left out.
Json addresses_in(std::string_view text) {
  Json all = Json::array();
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(','));
    if (!part.empty()) all.push_back(std::string(part));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return all;
}

Json addresses_given(const Arguments& arguments, std::string_view option) {
  const auto given = arguments.find(option);
  return given == arguments.end() ? Json::array() : addresses_in(given->second);
}

Result<Json> change_members(const ApiClient& api, const std::string& address,
                            const std::vector<Json>& changes) {
  const auto target = below("lists", address, "/members");
  return in_turn(changes, [&](const Json& change) { return api.post(target, change); });
}

}  // namespace

Result<Outcome> domain_catch_all(const ApiClient& api, const Arguments& arguments) {
  const auto& name = arguments.at("name");
  const auto to = arguments.find("--to");
  if (to == arguments.end()) {
    auto domain = api.get(below("domains", name));
    if (!domain) return tl::unexpected(domain.error());
    return show(Json{{"domain", name}, {"catch_all", domain->at("catch_all")}});
  }
  if (to->second == "none") {
    return acted(api.remove(below("domains", name, "/catch-all")),
                 fmt::format("what is for nobody in {} is refused", name));
  }
  return acted(api.put(below("domains", name, "/catch-all"), {{"address", to->second}}),
               fmt::format("{} gets what is for nobody in {}", to->second, name));
}

Result<Outcome> user_forward(const ApiClient& api, const Arguments& arguments) {
  const auto& address = arguments.at("address");
  const auto to = arguments.find("--to"), keep = arguments.find("--keep");
  if (to == arguments.end() && keep == arguments.end())
    return show(api.get(below("users", address, "/forwarding")));
  if (to == arguments.end()) return fail(Errc::invalid, "--keep needs --to");
  if (keep != arguments.end() && keep->second != "yes" && keep->second != "no")
    return fail(Errc::invalid, "--keep is yes or no");
  const Json addresses = to->second == "none" ? Json::array() : addresses_in(to->second);
  const bool only = keep != arguments.end() && keep->second == "no";
  return acted(api.put(below("users", address, "/forwarding"), {{"to", addresses}, {"only", only}}),
               addresses.empty() ? fmt::format("mail for {} stays here", address)
                                 : fmt::format("mail for {} goes to {}", address, to->second));
}

Result<Outcome> user_delegate(const ApiClient& api, const Arguments& arguments) {
  const auto& address = arguments.at("address");
  const auto to = arguments.find("--to");
  if (to == arguments.end()) return show(api.get(below("users", address, "/delegates")));
  const Json addresses = to->second == "none" ? Json::array() : addresses_in(to->second);
  return acted(api.put(below("users", address, "/delegates"), {{"delegates", addresses}}),
               addresses.empty() ? fmt::format("nobody else sends as {}", address)
                                 : fmt::format("{} may send as {}", to->second, address));
}

Result<Outcome> list_add(const ApiClient& api, const Arguments& arguments) {
  const auto& address = arguments.at("address");
  auto changes = member_changes(addresses_given(arguments, "--members"), Json::array());
  auto answer = api.post("/lists", {{"address", address}, {"members", take_first(changes)}});
  if (!answer) return tl::unexpected(answer.error());
  if (!changes.empty()) answer = change_members(api, address, changes);
  if (!answer) {
    return fail(answer.error().code,
                fmt::format("{} was added, but not with all members: {}", address, answer.error().text));
  }
  return acted(std::move(answer), fmt::format("added {}", address));
}

Result<Outcome> list_list(const ApiClient& api, const Arguments&) {
  return list(api, "/lists", {"address", "members"});
}

Result<Outcome> list_show(const ApiClient& api, const Arguments& arguments) {
  return show(api.get(below("lists", arguments.at("address"))));
}

Result<Outcome> list_change(const ApiClient& api, const Arguments& arguments) {
  const auto& address = arguments.at("address");
  auto changes = member_changes(addresses_given(arguments, "--add"), addresses_given(arguments, "--remove"));
  // Of nothing to change the grid says whether there is such a list.
  if (changes.empty()) changes.push_back({{"add", Json::array()}, {"remove", Json::array()}});
  return acted(change_members(api, address, changes), fmt::format("changed {}", address));
}

Result<Outcome> list_remove(const ApiClient& api, const Arguments& arguments) {
  const auto& address = arguments.at("address");
  return acted(api.remove(below("lists", address)), fmt::format("removed {}", address));
}

Result<Outcome> look_up(const ApiClient& api, const Arguments& arguments) {
  auto answer = api.get(fmt::format("/lookup?key={}", path_part(arguments.at("key"))));
  if (!answer) return tl::unexpected(answer.error());
  auto text = fmt::format("{}\n", answer->value("value", ""));
  if (const auto servers = answer->find("servers"); servers != answer->end()) {
    Json rows = Json::array();
    for (const auto& [service, server] : servers->items()) {
      auto row = server;
      row["service"] = service;
      rows.push_back(std::move(row));
    }
    text += "\n" + table_text(rows, {"service", "host", "port", "node"});
  }
  return Outcome{std::move(*answer), std::move(text), 0};
}

}  // namespace gridmail::cli
