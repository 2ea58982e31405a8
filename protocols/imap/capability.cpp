#include "protocols/imap/capability.hpp"

#include <fmt/format.h>

namespace gridmail::imap {

bool may_log_in(const Settings& settings, const Stream& stream) {
  return stream.is_secure() || (settings.allow_plaintext_login && stream.peer_is_loopback());
}

std::string capability_list(const SessionState& state, const Settings& settings, const Stream& stream) {
  std::string list = "CAPABILITY IMAP4rev1 LITERAL+ ID ENABLE";
  if (!state.is_logged_in()) {
    list += " SASL-IR";
    if (stream.can_start_tls()) list += " STARTTLS";
    list += may_log_in(settings, stream) ? " AUTH=PLAIN" : " LOGINDISABLED";
    return list;
  }
  const Extensions& extensions = settings.extensions;
  list += " NAMESPACE CHILDREN UNSELECT";
  if (extensions.idle) list += " IDLE";
  if (extensions.uidplus) list += " UIDPLUS";
  if (extensions.move) list += " MOVE";
  if (extensions.special_use) list += " SPECIAL-USE CREATE-SPECIAL-USE";
  list += fmt::format(" APPENDLIMIT={}", settings.message_bytes_max);
  return list;
}

}  // namespace gridmail::imap
