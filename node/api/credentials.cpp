#include "node/api/credentials.hpp"

#include <algorithm>
#include <cctype>

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

Response unauthorized(std::string_view detail) {
  Response response = problem(401, "denied", detail);
  response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"gridmail\", charset=\"UTF-8\"");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
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

Task<tl::expected<Principal, Response>> check_credentials(GridControl& grid, const Request& request) {
  if (!request.is_secure && !request.peer_is_loopback) {
    co_return tl::unexpected(problem(
        403, "tls_required", "use https: credentials are not taken over plain HTTP from another machine"));
  }
  if (request.authorization.empty())
    co_return tl::unexpected(unauthorized("log in as the admin, or send a token"));
  const auto credentials = parse_authorization(request.authorization);
  if (!credentials)
    co_return tl::unexpected(unauthorized("the Authorization header is neither Basic nor Bearer"));
  // Named, not inlined: g++ 12 destroys temporaries of a conditional co_await twice.
  Result<Principal> known;
  if (credentials->token.empty()) {
    known = co_await grid.authenticate_admin(credentials->user, credentials->password, request.peer_address);
  } else {
    known = co_await grid.authenticate_token(credentials->token);
  }
  if (known) co_return std::move(*known);
  if (known.error().code == Errc::denied) co_return tl::unexpected(unauthorized("wrong credentials"));
  co_return tl::unexpected(problem(known.error()));
}

}  // namespace gridmail::api
