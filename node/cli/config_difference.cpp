#include "node/cli/config_difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "node/cli/canonical_config.hpp"
#include "node/cli/member_changes.hpp"
#include "node/cli/outcome.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::cli {
namespace {

const Json nothing = Json::object();

const Json& section(const Json& config, const char* name) {
  const auto found = config.find(name);
  return found == config.end() ? nothing : *found;
}

std::string text_in(const Json& record, const char* field) {
  const auto found = record.find(field);
  return found == record.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

/// Addresses as they are written, by how they are compared.
std::map<std::string, std::string> addresses_in(const Json& texts) {
  std::map<std::string, std::string> all;
  if (!texts.is_array()) return all;
  for (const auto& text : texts) all.emplace(comparable_address(text), text);
  return all;
}

/// Those of `some` that `others` have not.
Json without(const std::map<std::string, std::string>& some,
             const std::map<std::string, std::string>& others) {
  Json rest = Json::array();
  for (const auto& [key, address] : some) {
    if (!others.contains(key)) rest.push_back(address);
  }
  return rest;
}

bool same_addresses(const Json& some, const Json& others) {
  const auto a = addresses_in(some), b = addresses_in(others);
  return without(a, b).empty() && without(b, a).empty();
}

class Difference {
 public:
  Difference(const Json& have, Json wanted) : have_(have), wanted_(std::move(wanted)) {}

  /// What others need comes first, and goes last.
  Result<std::vector<ConfigStep>> steps() {
    if (auto done = domains(); !done) return tl::unexpected(done.error());
    routes();
    aliases();
    lists();
    catch_alls();
    users();
    settings();
    std::stable_partition(steps_.begin(), steps_.end(), [](const auto& step) { return !step.removes; });
    remove_domains();
    return std::move(steps_);
  }

 private:
  void add(std::string method, std::string target, Json body, std::string text, bool removes = false) {
    steps_.push_back({std::move(method), std::move(target), std::move(body), std::move(text), removes});
  }
  /// Whom the API names for it: the user an alias leads to.
  std::string user_of(const std::string& address) const {
    auto name = comparable_address(address);
    const auto at = name.rfind('@') + 1;
    const auto& domains = section(have_, "domains");
    if (const auto domain = domains.find(name.substr(at)); domain != domains.end()) {
      if (const auto main = text_in(*domain, "alias_of"); !main.empty()) name = name.substr(0, at) + main;
    }
    const auto target = text_in(section(have_, "aliases"), name.c_str());
    return target.empty() ? name : target;
  }
  /// Calls `each` for what the file no longer has of a section that it has.
  template <class Each>
  void for_gone(const char* name, const Each& each) {
    if (!wanted_.contains(name)) return;
    for (const auto& [key, value] : section(have_, name).items()) {
      if (!wanted_[name].contains(key)) each(key, value);
    }
  }

  /// What a domain is cannot be changed: its keys and addresses would go.
  Result<void> domains() {
    const auto& there = section(have_, "domains");
    for (const auto& [name, domain] : section(wanted_, "domains").items()) {
      if (!there.contains(name)) continue;
      const auto is = text_in(there.at(name), "alias_of"), wanted = text_in(domain, "alias_of");
      if (is == wanted) continue;
      const auto said = [](const std::string& of) {
        return of.empty() ? "a domain of its own" : "another name of " + of;
      };
      return fail(Errc::conflict, fmt::format("{} is {}, not {}: it would have to be removed first", name,
                                              said(is), said(wanted)));
    }
    for (const bool aliases : {false, true}) {  // of domains that may have to be added first
      for (const auto& [name, domain] : section(wanted_, "domains").items()) {
        const auto of = text_in(domain, "alias_of");
        if (there.contains(name) || of.empty() == aliases) continue;
        const Json body = of.empty() ? Json{{"name", name}} : Json{{"name", name}, {"alias_of", of}};
        add("POST", "/domains", body,
            fmt::format("+ domain {}{}", name, of.empty() ? "" : fmt::format(", another name of {}", of)));
      }
    }
    return {};
  }
  void remove_domains() {
    const auto& there = section(have_, "domains");
    for (const bool aliases : {true, false}) {
      for_gone("domains", [&](const std::string& name, const Json&) {
        if (text_in(there.at(name), "alias_of").empty() == aliases) return;
        add("DELETE", below("domains", name), nullptr, fmt::format("- domain {}", name), true);
      });
    }
  }

  void catch_alls() {
    for (const auto& [name, domain] : section(wanted_, "domains").items()) {
      const auto& there = section(have_, "domains");
      const auto before = there.contains(name) ? text_in(there.at(name), "catch_all") : std::string();
      const auto after = text_in(domain, "catch_all");
      if (before == after || (!after.empty() && before == user_of(after))) continue;
      const auto target = below("domains", name, "/catch-all");
      if (after.empty()) {
        add("DELETE", target, nullptr, fmt::format("- catch-all of {}: {}", name, before), true);
      } else {
        add("PUT", target, {{"address", after}},
            fmt::format("{} catch-all of {}: {}", before.empty() ? '+' : '~', name, after));
      }
    }
  }

  void routes() {
    for (const auto& [domain, route] : section(wanted_, "routes").items()) {
      const auto& there = section(have_, "routes");
      const bool is_there = there.contains(domain);
      const Json& was = is_there ? there.at(domain) : nothing;
      Json body = {{"via", route.value("via", was.value("via", "mx"))},
                   {"tls", route.value("tls", was.value("tls", "opportunistic"))}};
      const bool same = is_there && text::equal_ignoring_case(text_in(was, "via"), text_in(body, "via")) &&
                        text_in(was, "tls") == text_in(body, "tls");
      if (same) continue;
      const auto text = fmt::format("{} route {}: {}, tls {}", is_there ? '~' : '+', domain,
                                    text_in(body, "via"), text_in(body, "tls"));
      add("PUT", below("routes", domain), std::move(body), text);
    }
    for_gone("routes", [&](const std::string& domain, const Json&) {
      add("DELETE", below("routes", domain), nullptr, fmt::format("- route {}", domain), true);
    });
  }

  void aliases() {
    for (const auto& [address, target] : section(wanted_, "aliases").items()) {
      const auto& there = section(have_, "aliases");
      const bool is_there = there.contains(address);
      const auto to = target.get<std::string>();
      if (is_there && there.at(address) == user_of(to)) continue;
      add("PUT", below("aliases", address), {{"target", to}},
          fmt::format("{} alias {}: {}", is_there ? '~' : '+', address, to));
    }
    for_gone("aliases", [&](const std::string& address, const Json&) {
      add("DELETE", below("aliases", address), nullptr, fmt::format("- alias {}", address), true);
    });
  }

  void lists() {
    for (const auto& [address, members] : section(wanted_, "lists").items()) {
      const auto& there = section(have_, "lists");
      const bool is_there = there.contains(address);
      const auto before = addresses_in(is_there ? there.at(address) : nothing), after = addresses_in(members);
      auto changes = member_changes(without(after, before), without(before, after));
      if (!is_there) {
        const Json first = take_first(changes);
        add("POST", "/lists", {{"address", address}, {"members", first}},
            fmt::format("+ list {}: {} members", address, first.size()));
      }
      for (auto& body : changes) {
        const auto text = fmt::format("~ list {}: +{} -{} members", address, body.at("add").size(),
                                      body.at("remove").size());
        add("POST", below("lists", address, "/members"), std::move(body), text);
      }
    }
    for_gone("lists", [&](const std::string& address, const Json&) {
      add("DELETE", below("lists", address), nullptr, fmt::format("- list {}", address), true);
    });
  }

  /// What the file has neither field of is removed; one that it has leaves the other as it is.
  void change_forwarding(const std::string& address, const Json& before, const Json& after) {
    const bool removes = !after.contains("forward_to") && !after.contains("forward_only");
    const Json was_to = before.value("forward_to", Json::array());
    const Json was_only = before.value("forward_only", false);
    const Json to = removes ? Json::array() : after.value("forward_to", was_to);
    const Json only = removes ? Json(false) : after.value("forward_only", was_only);
    if (same_addresses(was_to, to) && (to.empty() || was_only == only)) return;
    add("PUT", below("users", address, "/forwarding"), {{"to", to}, {"only", only}},
        fmt::format("{} user {}: forwarded to {}", removes ? '-' : '~', address, to.dump()), removes);
  }
  void change_delegates(const std::string& address, const Json& before, const Json& after) {
    const bool removes = !after.contains("delegates");
    const auto delegates = after.value("delegates", Json::array());
    Json users = Json::array();
    for (const auto& delegate : delegates) users.push_back(user_of(delegate));
    if (same_addresses(before.value("delegates", Json::array()), users)) return;
    add("PUT", below("users", address, "/delegates"), {{"delegates", delegates}},
        fmt::format("{} user {}: delegates {}", removes ? '-' : '~', address, delegates.dump()), removes);
  }
  void users() {
    const auto change = [this](const std::string& address, const Json& before, const Json& after) {
      change_forwarding(address, before, after);
      change_delegates(address, before, after);
    };
    const auto& there = section(have_, "users");
    for (const auto& [address, user] : section(wanted_, "users").items())
      change(address, there.contains(address) ? there.at(address) : nothing, user);
    for_gone("users", [&](const std::string& address, const Json& user) { change(address, user, nothing); });
  }

  void settings() {
    Json body = Json::object();
    std::string text;
    for (const auto& [name, value] : section(wanted_, "settings").items()) {
      const auto& there = section(have_, "settings");
      if (there.contains(name) && there.at(name) == value) continue;
      if (name == "postmaster" && text_in(there, "postmaster") == user_of(value)) continue;
      body[name] = value;
      text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", name, value.dump());
    }
    if (!body.empty()) add("PUT", "/settings", body, "~ settings: " + text);
  }

  const Json& have_;
  const Json wanted_;
  std::vector<ConfigStep> steps_;
};

}  // namespace

Result<std::vector<ConfigStep>> config_difference(const Json& have, const Json& wanted) {
  auto names = canonical_config(wanted);
  if (!names) return tl::unexpected(names.error());
  return Difference(have, std::move(*names)).steps();
}

std::string text_of(const std::vector<ConfigStep>& steps) {
  std::string text;
  for (const auto& step : steps) text += step.text + "\n";
  return text;
}

}  // namespace gridmail::cli
