// What a command's handler works with.
#pragma once
#include "protocols/imap/client_connection.hpp"
#include "protocols/imap/session_state.hpp"
#include "protocols/imap/settings.hpp"

namespace gridmail::imap {

/// Lives as long as the session; handlers run one at a time on its strand.
struct CommandContext {
  ClientConnection& connection;
  SessionState& state;
  const Services& services;
  const Settings& settings;

  [[nodiscard]] ports::Mailboxes& mailboxes() const { return services.mailboxes; }
  [[nodiscard]] std::string& out() const { return connection.out(); }
  /// Requires the selected state, as the command table sees to.
  [[nodiscard]] SelectedMailbox& selected() const { return *state.selected(); }
};

}  // namespace gridmail::imap
