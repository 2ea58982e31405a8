#include "node/cli/domain_verbs.hpp"

#include <fmt/format.h>

#include "node/cli/outcome.hpp"
#include "node/cli/text_view.hpp"

namespace gridmail::cli {
namespace {

std::string key_path(const Arguments& arguments, std::string_view rest = {}) {
  return below("domains", arguments.at("domain"),
               fmt::format("/dkim-keys/{}{}", path_part(arguments.at("selector")), rest));
}

/// As a zone file has it: strings of 255 bytes at most (RFC 1035, section 3.3.14; RFC 6376, section 3.6.2.2).
std::string zone_strings(const std::string& record) {
  std::string strings;
  for (std::size_t at = 0; at < record.size(); at += 255)
    strings += fmt::format(" \"{}\"", record.substr(at, 255));
  return strings;
}

std::string zone_line(const Json& key) {
  return fmt::format("{}. IN TXT{}\n", key.value("record_name", ""), zone_strings(key.value("record", "")));
}

}  // namespace

/// A record a paragraph: whether it is there, the line for the zone file, what is there instead.
Result<Outcome> domain_dns(const ApiClient& api, const Arguments& arguments) {
  auto answer = api.get(below("domains", arguments.at("name"), "/dns"));
  if (!answer) return tl::unexpected(answer.error());
  std::string text;
  for (const auto& record : answer->at("records")) {
    const auto state = record.value("state", "");
    text += fmt::format("{:<8} {}{}\n", state, record.value("purpose", ""),
                        record.value("required", true) ? "" : " (advice)");
    const auto type = record.value("type", ""), value = record.value("value", "");
    if (!value.empty())
      text += fmt::format("         {}. IN {}{}\n", record.value("name", ""), type,
                          type == "TXT" ? zone_strings(value) : fmt::format(" {}.", value));
    for (const auto& found : record.at("found")) {
      if (state != "present") text += fmt::format("         there is: {}\n", cell_text(found));
    }
    const auto note = record.value("note", "");
    if (!note.empty()) text += fmt::format("         {}\n", cell_text(note));
  }
  return Outcome{std::move(*answer), std::move(text), 0};
}

Result<Outcome> dkim_add(const ApiClient& api, const Arguments& arguments) {
  const auto& domain = arguments.at("domain");
  Json body = Json::object();
  for (const auto* option : {"--algorithm", "--selector"}) {
    if (const auto given = arguments.find(option); given != arguments.end()) body[option + 2] = given->second;
  }
  auto key = api.post(below("domains", domain, "/dkim-keys"), body);
  if (!key) return tl::unexpected(key.error());
  auto text = fmt::format("{}\nonce the DNS has this record: gridmail dkim activate {} {}\n", zone_line(*key),
                          domain, key->value("selector", ""));
  return Outcome{std::move(*key), std::move(text), 0};
}

Result<Outcome> dkim_list(const ApiClient& api, const Arguments& arguments) {
  auto keys = api.get_all("/dkim-keys");
  if (!keys) return tl::unexpected(keys.error());
  if (const auto domain = arguments.find("--domain"); domain != arguments.end()) {
    Json chosen = Json::array();
    for (auto& key : *keys) {
      if (key.value("domain", "") == domain->second) chosen.push_back(std::move(key));
    }
    *keys = std::move(chosen);
  }
  auto text = table_text(*keys, {"domain", "selector", "algorithm", "state", "created"});
  for (const auto& key : *keys) text += "\n" + zone_line(key);
  return Outcome{std::move(*keys), std::move(text), 0};
}

Result<Outcome> dkim_activate(const ApiClient& api, const Arguments& arguments) {
  return acted(api.post(key_path(arguments, "/activate")),
               fmt::format("{} signs the mail of {}", arguments.at("selector"), arguments.at("domain")));
}

Result<Outcome> dkim_retire(const ApiClient& api, const Arguments& arguments) {
  return acted(api.post(key_path(arguments, "/retire")),
               fmt::format("{} signs no more", arguments.at("selector")));
}

Result<Outcome> dkim_remove(const ApiClient& api, const Arguments& arguments) {
  return acted(api.remove(key_path(arguments)),
               fmt::format("{} is forgotten; its record may go, too", arguments.at("selector")));
}

}  // namespace gridmail::cli
