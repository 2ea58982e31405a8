#include "node/api/credentials.hpp"

#include <algorithm>
#include <cctype>

#include "node/api/access_control.hpp"
#include "node/api/session_cookie.hpp"
#include "node/base/bytes.hpp"

namespace gridmail::api {
namespace {

/// What follows the scheme, whose name has no case (RFC 9110, 11.1).
std::optional<std::string_view> after_scheme(std::string_view header, std::string_view scheme) {
  if (header.size() <= scheme.size() || header[scheme.size()] != ' ') return std::nullopt;
  const bool same = std::equal(scheme.begin(), scheme.end(), header.begin(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  });
  if (!same) return std::nullopt;
  header.remove_prefix(scheme.size());
  while (header.starts_with(' ')) header.remove_prefix(1);
  return header;
}

}  // namespace

std::optional<Credentials> parse_authorization(std::string_view header) {
  if (const auto token = after_scheme(header, "Bearer"); token && !token->empty()) {
    return Credentials{{}, {}, std::string(*token)};
  }
  const auto encoded = after_scheme(header, "Basic");
  const auto pair = encoded ? from_base64(*encoded) : std::nullopt;
  if (!pair) return std::nullopt;
  const auto colon = pair->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{pair->substr(0, colon), pair->substr(colon + 1), {}};
}

std::optional<Response> refuse_plain_http(const Request& request) {
  if (request.is_secure || request.peer_is_loopback) return std::nullopt;
  return problem(403, "tls_required",
                 "use https: credentials are not taken over plain HTTP from another machine");
}

Response unauthorized(const Request& request, std::string_view detail) {
  Response response = problem(401, "denied", detail);
  const bool is_page = equal_without_case(field(request, "X-Requested-With"), "dashboard");
  if (!is_page)
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"gridmail\", charset=\"UTF-8\"");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

namespace {

/// A browser that has once asked for a password adds it to whatever another site's page sends here, too: such
/// pages must change nothing. What is no browser sends neither field.
bool is_from_another_site(const Request& request) {
  const auto site = field(request, "Sec-Fetch-Site");
  if (!site.empty()) return site != "same-origin" && site != "none";
  const auto origin = field(request, "Origin");
  const auto host = field(request, "Host");
  return !origin.empty() && (host.empty() || !origin.ends_with("//" + std::string(host)));
}

Task<Result<Principal>> known_by_header(GridControl& grid, const Request& request, Credentials credentials) {
  if (!credentials.token.empty()) co_return co_await grid.authenticate_token(std::move(credentials.token));
  co_return co_await grid.authenticate(std::move(credentials.user), std::move(credentials.password),
                                       request.peer_address);
}

}  // namespace

Task<tl::expected<Principal, Response>> check_credentials(GridControl& grid, const Request& request) {
  if (auto refused = refuse_plain_http(request)) co_return tl::unexpected(std::move(*refused));
  auto secret = request.authorization.empty() ? session_secret(request) : std::string();
  if (request.authorization.empty() && secret.empty())
    co_return tl::unexpected(unauthorized(request, "log in, or send a token"));
  Result<Principal> known;
  if (secret.empty()) {
    auto credentials = parse_authorization(request.authorization);
    if (!credentials)
      co_return tl::unexpected(unauthorized(request, "the Authorization header is neither Basic nor Bearer"));
    const bool added_by_browser = credentials->token.empty();
    if (added_by_browser && request.method != Method::get && is_from_another_site(request))
      co_return tl::unexpected(problem(403, "csrf", "a page of another site may change nothing here"));
    known = co_await known_by_header(grid, request, std::move(*credentials));
  } else {
    if (request.method != Method::get && !has_csrf_token(request, secret))
      co_return tl::unexpected(problem(403, "csrf", "X-CSRF-Token is not the session's"));
    known = co_await grid.access_of_grid().session(std::move(secret));
  }
  if (known) co_return std::move(*known);
  if (known.error().code == Errc::denied)
    co_return tl::unexpected(unauthorized(request, "wrong credentials"));
  co_return tl::unexpected(problem(known.error()));
}

Task<std::optional<Response>> refuse_unconfirmed(GridControl& grid, const Request& request,
                                                 const Body& body) {
  if (!request.authorization.empty()) co_return std::nullopt;  // which has said it, or is a program's token
  const auto current = body.text("current");
  if (!current) co_return problem(current.error());
  const auto known = co_await grid.authenticate(request.asker.account, *current, request.peer_address);
  if (known) co_return std::nullopt;
  if (known.error().code == Errc::denied)
    co_return problem(403, "denied", "your present password is another");
  co_return problem(known.error());
}

}  // namespace gridmail::api
