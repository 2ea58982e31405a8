// What an IMAP listener is told at start-up, and the ports its sessions use.
#pragma once
#include <cstdint>
#include <string>

#include "node/base/clock.hpp"
#include "node/runtime/stop_signal.hpp"
#include "node/runtime/worker_pool.hpp"
#include "protocols/ports/directory.hpp"
#include "protocols/ports/mailboxes.hpp"

namespace gridmail::imap {

/// All of them outlive every session.
struct Services {
  ports::Directory& directory;
  ports::Mailboxes& mailboxes;
  Clock& clock;
  WorkerPool* workers = nullptr;  ///< searches in texts; without one it is done on the session's strand
};

/// Capabilities that an admin may switch off; off means neither offered nor understood.
struct Extensions {
  bool idle = true;         ///< RFC 2177
  bool move = true;         ///< RFC 6851
  bool uidplus = true;      ///< RFC 4315
  bool special_use = true;  ///< RFC 6154
};

/// Shared by all sessions of a listener; must outlive them.
struct Settings {
  std::string hostname;
  bool allow_plaintext_login = false;         ///< log-in without TLS, and then from loopback only
  std::size_t command_bytes_max = 64 * 1024;  ///< of a command's lines and literals, APPEND's message aside
  std::uint64_t message_bytes_max = 50ull << 20;  ///< APPEND (RFC 7889)
  unsigned bad_commands_max = 20;                 ///< in a row, then BYE
  unsigned login_failures_max = 5;                ///< then BYE
  Duration login_timeout = std::chrono::minutes(3);
  Duration idle_timeout = std::chrono::minutes(30);  ///< RFC 3501, section 5.4: at least 30 minutes
  Duration write_timeout = std::chrono::minutes(5);
  Duration keepalive_interval = std::chrono::minutes(2);  ///< in IDLE: shows that a silent client still lives
  Extensions extensions;
  StopSignal* stopping = nullptr;  ///< ends the session with BYE, between commands
};

}  // namespace gridmail::imap
