// The one place where errors become POP3 replies with the response codes of RFC 2449, section 8 and RFC 3206.
#pragma once
#include <string>

#include "node/base/result.hpp"

namespace gridmail::pop3 {

/// A whole -ERR line, with CRLF. `what` says what did not work: "cannot open the maildrop".
[[nodiscard]] std::string failure_reply(const Error& error, std::string_view what);
/// For log-ins: [AUTH] only where the credentials are wrong.
[[nodiscard]] std::string login_failure_reply(const Error& error);

}  // namespace gridmail::pop3
