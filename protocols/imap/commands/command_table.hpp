// Which command may come in which state, and what runs it: the place where a new command is added.
#pragma once
#include <string_view>

#include "protocols/imap/commands/handlers.hpp"

namespace gridmail::imap {

/// What happens when a command has run while a mailbox is selected.
enum class AfterCommand : std::uint8_t {
  nothing,     ///< it tells the client itself, or there is nothing more to tell
  refresh,     ///< changes() is asked, and a failure is the command's failure
  may_refresh  ///< changes() is asked unless the client has already sent more
};

struct CommandEntry {
  std::string_view name;
  StateSet states;
  Handler handler;
  AfterCommand after;
};

/// Null for a command that is not offered under these settings.
[[nodiscard]] const CommandEntry* find_command(std::string_view name, const Settings& settings);

/// RFC 3501, section 7.4.1: not while responding to FETCH, STORE or SEARCH without UID, whose sequence
/// numbers the client still relies on.
[[nodiscard]] bool allows_expunge_responses(const Command& command);

}  // namespace gridmail::imap
