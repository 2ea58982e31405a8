// What a server says in its reply to EHLO that it can do (RFC 5321, section 4.1.1.1).
#pragma once
#include <cstdint>
#include <optional>

#include "protocols/smtp_client/reply_parser.hpp"

namespace gridmail::smtp {

struct Extensions {
  bool pipelining = false;     ///< RFC 2920
  bool size = false;           ///< RFC 1870
  std::uint64_t size_max = 0;  ///< 0: not said
  bool eight_bit = false;      ///< RFC 6152
  bool start_tls = false;      ///< RFC 3207
  bool dsn = false;            ///< RFC 3461
  bool utf8 = false;           ///< SMTPUTF8, RFC 6531
  bool require_tls = false;    ///< REQUIRETLS, RFC 8689
  bool auth_plain = false;     ///< RFC 4954
  bool auth_login = false;     ///< widespread, never an RFC
  // LIMITS (RFC 9422); 0: not said
  std::uint64_t transactions_max = 0;  ///< MAILMAX: on one connection
  std::uint64_t recipients_max = 0;    ///< RCPTMAX: of one transaction
};

/// Keywords in any case; what is not known is passed over.
[[nodiscard]] Extensions parse_extensions(const RemoteReply& reply);

}  // namespace gridmail::smtp
