// What LOGIN and AUTHENTICATE share.
#pragma once
#include "protocols/imap/commands/handlers.hpp"

namespace gridmail::imap {

/// Asks the directory, and moves the session to the authenticated state. After too many failures the session
/// is over.
[[nodiscard]] Task<Reply> log_in(CommandContext& context, std::string login, std::string password);

/// NO [PRIVACYREQUIRED] (RFC 5530) where a password must not be sent.
[[nodiscard]] std::optional<Reply> refuse_without_privacy(CommandContext& context);

}  // namespace gridmail::imap
