// Who asks: HTTP Basic (RFC 7617) with the admin's password, or a Bearer token (RFC 6750).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/api/grid_control.hpp"
#include "node/api/message.hpp"

namespace gridmail::api {

struct Credentials {
  std::string user, password;  ///< Basic
  std::string token;           ///< Bearer; empty: Basic
};
/// Nothing when the header has neither form.
[[nodiscard]] std::optional<Credentials> parse_authorization(std::string_view header);

/// Who asks; else the answer that refuses it: 401, 403 (secrets over plain HTTP from another machine), or 503
/// when it cannot be known now.
[[nodiscard]] Task<tl::expected<Principal, Response>> check_credentials(GridControl& grid,
                                                                        const Request& request);

}  // namespace gridmail::api
