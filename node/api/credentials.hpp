// Who asks: HTTP Basic (RFC 7617) with the password of an administrator or a user, a Bearer token (RFC 6750),
// or the cookie of a browser's session.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/api/body.hpp"
#include "node/api/grid_control.hpp"
#include "node/api/message.hpp"

namespace gridmail::api {

struct Credentials {
  std::string user, password;  ///< Basic
  std::string token;           ///< Bearer; empty: Basic
};
/// Nothing when the header has neither form.
[[nodiscard]] std::optional<Credentials> parse_authorization(std::string_view header);

/// Who asks; else the answer that refuses it: 401, 403 (secrets over plain HTTP from another machine; a
/// change by cookie without the session's CSRF token), or 503 when it cannot be known now.
[[nodiscard]] Task<tl::expected<Principal, Response>> check_credentials(GridControl& grid,
                                                                        const Request& request);

/// A browser that somebody left open is to make nothing that lets somebody in once it is closed: a session
/// says the asker's present password in the body's "current". Nothing: it does, or who asks has no session;
/// else the answer that refuses it: 400, 403, or why it cannot be known now. A wrong one counts as a failed
/// log-in.
[[nodiscard]] Task<std::optional<Response>> refuse_unconfirmed(GridControl& grid, const Request& request,
                                                               const Body& body);

/// 403 for secrets over plain HTTP from another machine.
[[nodiscard]] std::optional<Response> refuse_plain_http(const Request& request);
/// 401. Pages of the dashboard, which ask for a password themselves, are not told of Basic: the browser would
/// ask, too.
[[nodiscard]] Response unauthorized(const Request& request, std::string_view detail);

}  // namespace gridmail::api
