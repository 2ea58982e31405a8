#include "node/cli/api_client.hpp"

#include <fmt/format.h>

#include "node/base/bytes.hpp"
#include "node/base/percent.hpp"
#include "node/runtime/this_machine.hpp"

namespace gridmail::cli {
namespace {

// Longer than the longest call: a change waits up to 15 s for its slot and 5 s for followers.
constexpr std::chrono::seconds call_timeout{45};

Errc code_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return Errc::denied;
    case 404:
      return Errc::not_found;
    case 409:
      return Errc::conflict;
    case 413:
      return Errc::too_large;
    case 501:
      return Errc::unsupported;
    default:
      return status >= 500 ? Errc::unavailable : Errc::invalid;
  }
}

std::optional<Errc> errc_named(const Json& name) {
  for (const auto code : {Errc::already_exists, Errc::conflict, Errc::not_found, Errc::invalid,
                          Errc::unavailable, Errc::timed_out, Errc::busy, Errc::no_space, Errc::too_large,
                          Errc::denied, Errc::unsupported, Errc::io, Errc::corrupted}) {
    if (name == name_of(code)) return code;
  }
  return std::nullopt;
}

Error read_problem(const HttpReply& reply) {
  const auto document = Json::parse(reply.body, nullptr, false);
  if (document.is_object() && document.contains("detail") && document["detail"].is_string()) {
    const auto named = document.contains("code") ? errc_named(document["code"]) : std::nullopt;
    return {named.value_or(code_of(reply.status)), document["detail"].get<std::string>()};
  }
  return {code_of(reply.status), fmt::format("the node answered with status {}", reply.status)};
}

}  // namespace

Result<ApiClient> ApiClient::make(ApiSettings settings) {
  auto url = Url::parse(settings.url);
  if (!url) return tl::unexpected(url.error());
  const bool has_secret = !settings.token.empty() || !settings.password.empty();
  // The node would refuse it as well, but everybody on the way would have read it.
  if (has_secret && !url->secure && !is_this_machine(url->host)) {
    return fail(Errc::denied,
                fmt::format("{}: no token or password is sent over plain http to another machine; "
                            "use https://",
                            settings.url));
  }
  return ApiClient(std::move(*url), std::move(settings));
}

Result<ApiClient::Answer> ApiClient::send(std::string_view method, std::string_view target,
                                          const Json* body) const {
  HttpRequest request{
      std::string(method), fmt::format("/api/v1{}", target), {{"Accept", "application/json"}}, {}};
  if (!settings_.token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + settings_.token);
  } else if (!settings_.user.empty()) {
    request.headers.emplace_back("Authorization",
                                 "Basic " + to_base64(settings_.user + ":" + settings_.password));
  }
  if (body != nullptr) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = body->dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  const auto reply = fetch(url_, request, settings_.trust, call_timeout);
  if (!reply) return tl::unexpected(reply.error());
  if (reply->status < 200 || reply->status > 299) return tl::unexpected(read_problem(*reply));
  auto document = Json::parse(reply->body, nullptr, false);
  if (document.is_discarded()) return fail(Errc::corrupted, "the node's answer is not JSON");
  return Answer{std::move(document), std::string(reply->header("link")),
                std::string(reply->header("silent-nodes"))};
}

/// An older node does not know the parameter, passes over it, and does what it was only asked about.
Result<Json> ApiClient::try_out(std::string_view method, std::string_view target, const Json* body) const {
  const auto description = send("GET", "/openapi.json", nullptr);
  if (!description) return tl::unexpected(description.error());
  if (!description->document.contains(Json::json_pointer("/components/parameters/dry_run")))
    return fail(Errc::unsupported, "the node is older than this command, and has no dry run");
  const auto mark = target.find('?') == std::string_view::npos ? '?' : '&';
  auto answer = send(method, fmt::format("{}{}dry_run=true", target, mark), body);
  if (!answer) return tl::unexpected(answer.error());
  return std::move(answer->document);
}

Result<Json> ApiClient::call(std::string_view method, std::string_view target, const Json* body) const {
  if (settings_.dry_run && method != "GET") return try_out(method, target, body);
  auto answer = send(method, target, body);
  if (!answer) return tl::unexpected(answer.error());
  return std::move(answer->document);
}

Result<Json> ApiClient::get_all(std::string_view target, std::string* silent) const {
  Json rows = Json::array();
  const auto path = target.substr(0, target.find('?'));
  for (std::optional<std::string> next(target); next;) {
    auto page = send("GET", *next, nullptr);
    if (!page) return tl::unexpected(page.error());
    if (!page->document.is_array()) return fail(Errc::corrupted, "the node's answer is not a list");
    for (auto& row : page->document) rows.push_back(std::move(row));
    if (silent != nullptr) *silent = page->silent;
    const auto query = next_query(page->link);
    auto target_after = query ? std::optional(fmt::format("{}{}", path, *query)) : std::nullopt;
    if (target_after == next) return fail(Errc::corrupted, "the list's next page is the same again");
    next = std::move(target_after);
  }
  return rows;
}

std::optional<std::string> next_query(std::string_view link) {
  const auto end = link.find('>'), question = link.find('?');
  if (!link.starts_with('<') || end == std::string_view::npos || question > end) return std::nullopt;
  if (link.substr(end).find("rel=\"next\"") == std::string_view::npos) return std::nullopt;
  return std::string(link.substr(question, end - question));
}

Result<HttpReply> ApiClient::probe(std::string_view path) const {
  return fetch(url_, {"GET", std::string(path), {}, {}}, settings_.trust, call_timeout);
}

std::string path_part(std::string_view text) {
  return percent_encode(text);
}

}  // namespace gridmail::cli
