// The Received field that every message gets (RFC 5321, section 4.4).
#pragma once
#include <string>
#include <string_view>

#include "node/base/clock.hpp"
#include "protocols/smtp/settings.hpp"

namespace gridmail::smtp {

struct Trace {
  Mode mode = Mode::mx;
  std::string client_name;  ///< as greeted, whatever it holds
  bool extended = false;
  bool utf8 = false;         ///< sent with SMTPUTF8
  std::string peer_address;  ///< without brackets
  std::string tls_version;   ///< empty without TLS
  std::string tls_cipher;
  std::string login;  ///< empty without AUTH
  std::string hostname;
  std::string id;
  std::string only_recipient;  ///< empty unless there is exactly one: the others' business is not theirs
  WallMicros received_at = 0;
};

/// The field with its folding and CRLF; no line over 998 bytes, nothing but printable ASCII, and UTF-8 in the
/// recipient of a message sent with SMTPUTF8.
[[nodiscard]] std::string format_received(const Trace& trace);

/// The "with" clause: SMTP, ESMTP, LMTP and what RFC 3848 and RFC 6531, section 4.3 make of them.
[[nodiscard]] std::string transmission_type(const Trace& trace);

}  // namespace gridmail::smtp
