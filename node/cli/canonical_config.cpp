#include "node/cli/canonical_config.hpp"

#include <fmt/format.h>

#include "node/services/limits/limit_table.hpp"
#include "protocols/text/normalization.hpp"
#include "storage/directory/all_other_domains.hpp"

namespace gridmail::cli {
namespace {

enum class Form : std::uint8_t { domain, address };

Result<std::string> canonical(const std::string& text, Form form) {
  if (form == Form::domain && text == all_other_domains) return text;
  auto name = form == Form::domain ? text::to_ascii_domain(text) : text::canonical_address(text);
  if (name) return std::move(*name);
  return fail(Errc::invalid,
              fmt::format("{}: not {}", text, form == Form::domain ? "a domain" : "an address"));
}

/// Puts the field of that name, if it has a text, into its form. An empty text asks for nothing.
Result<void> canonicalize(Json& record, const char* field, Form form) {
  const auto found = record.find(field);
  if (found == record.end() || !found->is_string() || found->get_ref<const std::string&>().empty()) return {};
  auto name = canonical(found->get<std::string>(), form);
  if (!name) return tl::unexpected(name.error());
  *found = std::move(*name);
  return {};
}

Result<void> canonicalize_settings(Json& settings) {
  if (auto done = canonicalize(settings, "postmaster", Form::address); !done) return done;
  const auto limits = settings.find("limits");
  if (limits == settings.end() || !limits->is_string()) return {};
  const auto table = LimitTable::parse(limits->get<std::string>());
  if (!table) return tl::unexpected(table.error());
  *limits = table->empty() ? "none" : table->text();
  return {};
}

Result<Json> canonical_keys(const Json& section, const char* name, Form form) {
  Json result = Json::object();
  for (const auto& [key, value] : section.items()) {
    auto known = canonical(key, form);
    if (!known) return tl::unexpected(known.error());
    if (result.contains(*known)) return fail(Errc::invalid, fmt::format("{} has {} twice", name, *known));
    result[*known] = value;
  }
  return result;
}

}  // namespace

Result<Json> canonical_config(const Json& config) {
  constexpr std::pair<const char*, Form> keys[] = {{"domains", Form::domain},
                                                   {"routes", Form::domain},
                                                   {"aliases", Form::address},
                                                   {"lists", Form::address},
                                                   {"users", Form::address}};
  Json result = config;
  for (const auto& [name, form] : keys) {
    if (!config.contains(name)) continue;
    auto section = canonical_keys(config.at(name), name, form);
    if (!section) return tl::unexpected(section.error());
    result[name] = std::move(*section);
  }
  if (const auto settings = result.find("settings"); settings != result.end()) {
    if (auto done = canonicalize_settings(*settings); !done) return tl::unexpected(done.error());
  }
  if (const auto domains = result.find("domains"); domains != result.end()) {
    for (auto& domain : *domains) {
      if (auto done = canonicalize(domain, "alias_of", Form::domain); !done)
        return tl::unexpected(done.error());
      if (auto done = canonicalize(domain, "catch_all", Form::address); !done)
        return tl::unexpected(done.error());
    }
  }
  if (const auto aliases = result.find("aliases"); aliases != result.end()) {
    const Json before = *aliases;
    for (const auto& [address, target] : before.items()) {
      if (auto done = canonicalize(*aliases, address.c_str(), Form::address); !done)
        return tl::unexpected(done.error());
    }
  }
  return result;
}

std::string comparable_address(const std::string& address) {
  return text::canonical_address(address).value_or(address);
}

}  // namespace gridmail::cli
