// The cookie of a browser's session (RFC 6265), and the token against requests that other sites have the
// browser make. Pure.
#pragma once
#include <string>
#include <string_view>

#include "node/api/message.hpp"

namespace gridmail::api {

/// The session's secret in the request's cookies; empty: none.
[[nodiscard]] std::string session_secret(const Request& request);
/// What X-CSRF-Token has to hold: a hash of the secret, so that it needs to be kept nowhere.
[[nodiscard]] std::string csrf_token(std::string_view secret);
/// Whether the request carries it, compared in constant time.
[[nodiscard]] bool has_csrf_token(const Request& request, std::string_view secret);
/// The value of Set-Cookie; no secret ends the session in the browser.
[[nodiscard]] std::string session_cookie(std::string_view secret, std::int64_t seconds, bool is_secure);

}  // namespace gridmail::api
