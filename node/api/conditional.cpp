#include "node/api/conditional.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "node/base/bytes.hpp"

namespace gridmail::api {
namespace {

constexpr std::size_t digest_bytes = 16, kept_digest_bytes = 8;
constexpr std::string_view no_version = "-";

/// entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE; a list of them (RFC 9110, 5.6.1, 8.8.3). What is no tag ends
/// it.
struct Tag {
  std::string_view text;  ///< without quotes
  bool is_weak = false;
};
std::vector<Tag> tags_in(std::string_view list) {
  std::vector<Tag> tags;
  for (;;) {
    while (!list.empty() && (list.front() == ' ' || list.front() == '\t' || list.front() == ','))
      list.remove_prefix(1);
    Tag tag;
    tag.is_weak = list.starts_with("W/");
    if (tag.is_weak) list.remove_prefix(2);
    const auto end = list.starts_with('"') ? list.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) return tags;
    tag.text = list.substr(1, end - 1);
    tags.push_back(tag);
    list.remove_prefix(end + 1);
  }
}

/// Weak tags stand for what they are compared with by the weak comparison only (RFC 9110, 8.8.3.2). Never
/// empty.
std::vector<std::string> versions_in(std::string_view list, bool weakly) {
  std::vector<std::string> versions;
  for (const auto& tag : tags_in(list))
    versions.emplace_back(tag.is_weak && !weakly ? no_version : tag.text.substr(0, tag.text.find('.')));
  if (versions.empty()) versions.emplace_back(no_version);
  return versions;
}

}  // namespace

Response tagged(const Request& request, const Result<std::string>& version, Response response) {
  if (response.status != 200 || !version) return response;
  const auto text = fmt::format("{}.{}", *version,
                                to_hex(blake2b(response.body, digest_bytes).substr(0, kept_digest_bytes)));
  const auto wanted = field(request, "If-None-Match");
  const auto known = tags_in(wanted);
  const bool is_known =
      std::any_of(known.begin(), known.end(), [&](const Tag& tag) { return tag.text == text; });
  if (wanted == "*" || is_known) response = {304, {}, {}, {}};
  response.headers.emplace_back("ETag", fmt::format("\"{}\"", text));
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  return response;
}

std::optional<Precondition> precondition(const Request& request) {
  const auto wanted = field(request, "If-Match"), unwanted = field(request, "If-None-Match");
  if (wanted.empty() && unwanted.empty()) return std::nullopt;
  std::vector<std::string> known;
  if (!unwanted.empty() && unwanted != "*") known = versions_in(unwanted, true);
  if (wanted.empty()) return Precondition{std::move(known), true};
  if (unwanted == "*") return Precondition{{std::string(no_version)}, false};  // there and not there
  if (wanted == "*") return known.empty() ? Precondition{} : Precondition{std::move(known), true};
  auto versions = versions_in(wanted, false);
  for (const auto& version : known) std::erase(versions, version);
  if (versions.empty()) versions.emplace_back(no_version);
  return Precondition{std::move(versions), false};
}

std::optional<Resource> resource_of(std::string_view pattern, const std::vector<std::string>& parameters) {
  using Kind = Resource::Kind;
  constexpr std::pair<std::string_view, Kind> patterns[] = {
      {"/api/v1/users/{address}", Kind::user},
      {"/api/v1/users/{address}/password", Kind::user},
      {"/api/v1/users/{address}/role", Kind::user},
      {"/api/v1/users/{address}/forwarding", Kind::user},
      {"/api/v1/users/{address}/delegates", Kind::user},
      {"/api/v1/domains/{name}", Kind::domain},
      {"/api/v1/domains/{name}/catch-all", Kind::domain},
      {"/api/v1/aliases/{address}", Kind::alias},
      {"/api/v1/lists/{address}", Kind::list},
      {"/api/v1/lists/{address}/members", Kind::list},
      {"/api/v1/routes/{domain}", Kind::route},
      {"/api/v1/settings", Kind::settings}};
  for (const auto& [known, kind] : patterns) {
    if (known == pattern) return Resource{kind, parameters.empty() ? std::string() : parameters.front()};
  }
  return std::nullopt;
}

}  // namespace gridmail::api
