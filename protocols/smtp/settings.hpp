// What a listener of SMTP, submission or LMTP is told at start-up.
#pragma once
#include <cstdint>
#include <string>

#include "node/base/clock.hpp"
#include "node/runtime/stop_signal.hpp"

namespace gridmail::smtp {

enum class Mode : std::uint8_t {
  mx,          ///< RFC 5321: from anybody to our users
  submission,  ///< RFC 6409: from our users, after AUTH
  lmtp,        ///< RFC 2033: from a neighbouring mail system; one reply per recipient
};

/// Shared by all sessions of a listener; must outlive them.
struct Settings {
  Mode mode = Mode::mx;
  std::string hostname;                ///< in the greeting, EHLO and Received
  bool allow_plaintext_login = false;  ///< AUTH without TLS, and then from loopback only
  std::size_t recipients_max = 1000;   ///< per transaction (RFC 5321, section 4.5.3.1.8 asks for 100)
  std::size_t errors_max = 20;  ///< wrong commands, then 421; counted anew after a log-in and a message
  std::size_t unknown_recipients_max = 200;  ///< per connection: slows down the harvesting of addresses
  std::size_t login_failures_max = 5;
  Duration command_timeout = std::chrono::minutes(5);  ///< RFC 5321, section 4.5.3.2.7
  Duration data_timeout = std::chrono::minutes(5);     ///< between two blocks of a message
  /// Each block may come at its limit's end; the whole of a message, or chunk, may not. It has that much
  /// longer for the bytes of the longest.
  Duration content_max = std::chrono::minutes(30);
  std::uint64_t bytes_per_second_min = 4096;
  StopSignal* stopping = nullptr;  ///< ends the session with 421, between commands; null: never
};

}  // namespace gridmail::smtp
