// What a POP3 listener is told at start-up.
#pragma once
#include <functional>
#include <string>

#include "node/base/clock.hpp"

namespace gridmail::pop3 {

/// Shared by all sessions of a listener; must outlive them.
struct Settings {
  std::string hostname;
  bool allow_plaintext_login = false;  ///< log-in without TLS, and then from loopback only
  std::size_t errors_max = 20;         ///< wrong commands before log-in, then the connection ends
  std::size_t login_failures_max = 5;
  Duration idle_timeout = std::chrono::minutes(10);  ///< RFC 1939, section 3: at least ten minutes
  /// Asked at each command: true ends the session, without its deletions unless the command is QUIT. May be
  /// empty.
  std::function<bool()> stopping;
};

}  // namespace gridmail::pop3
