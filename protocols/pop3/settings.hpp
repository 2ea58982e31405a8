// What a POP3 listener is told at start-up.
#pragma once
#include <string>

#include "node/base/clock.hpp"
#include "node/runtime/stop_signal.hpp"

namespace gridmail::pop3 {

/// Shared by all sessions of a listener; must outlive them.
struct Settings {
  std::string hostname;
  bool allow_plaintext_login = false;  ///< log-in without TLS, and then from loopback only
  std::size_t errors_max = 20;         ///< wrong commands before log-in, then the connection ends
  std::size_t login_failures_max = 5;
  Duration idle_timeout = std::chrono::minutes(10);  ///< RFC 1939, section 3: at least ten minutes
  /// Ends the session unless somebody has logged in: such a one goes on until QUIT, for its deletions' sake,
  /// or until whoever serves it has enough. Null: never.
  StopSignal* stopping = nullptr;
};

}  // namespace gridmail::pop3
