// What the server offers to a client in its present state.
#pragma once
#include <string>

#include "node/runtime/stream.hpp"
#include "protocols/imap/session_state.hpp"
#include "protocols/imap/settings.hpp"

namespace gridmail::imap {

/// "CAPABILITY IMAP4rev1 …" (RFC 3501, section 7.2.1).
[[nodiscard]] std::string capability_list(const SessionState& state, const Settings& settings,
                                          const Stream& stream);

/// Passwords travel only over TLS, or from loopback when configured.
[[nodiscard]] bool may_log_in(const Settings& settings, const Stream& stream);

}  // namespace gridmail::imap
