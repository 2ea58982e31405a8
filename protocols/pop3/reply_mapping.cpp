#include "protocols/pop3/reply_mapping.hpp"

#include <fmt/format.h>

namespace gridmail::pop3 {

std::string failure_reply(const Error& error, std::string_view what) {
  if (error.temporary()) return fmt::format("-ERR [SYS/TEMP] {}, try again later\r\n", what);
  if (error.code == Errc::not_found) return fmt::format("-ERR {}: it is no longer there\r\n", what);
  return fmt::format("-ERR [SYS/PERM] {}\r\n", what);
}

std::string login_failure_reply(const Error& error) {
  if (error.code == Errc::cancelled) return "-ERR authentication cancelled\r\n";  // RFC 5034, section 4: "*"
  if (error.code == Errc::invalid) return "-ERR malformed authentication response\r\n";
  if (error.temporary()) return failure_reply(error, "cannot check passwords now");
  return "-ERR [AUTH] wrong user name or password\r\n";
}

}  // namespace gridmail::pop3
