#include "node/cli/api_client.hpp"

#include <fmt/format.h>

#include <cctype>

#include "node/base/bytes.hpp"

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
  return ApiClient(std::move(*url), std::move(settings));
}

Result<Json> ApiClient::call(std::string_view method, std::string_view target, const Json* body) const {
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
  return document;
}

Result<HttpReply> ApiClient::probe(std::string_view path) const {
  return fetch(url_, {"GET", std::string(path), {}, {}}, settings_.trust, call_timeout);
}

std::string path_part(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool unreserved =
        (byte < 0x80 && std::isalnum(byte)) || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

}  // namespace gridmail::cli
