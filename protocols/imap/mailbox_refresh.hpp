// Brings the client's view of its selected mailbox up to date: asks the port what changed, and says it.
#pragma once
#include "protocols/imap/command_context.hpp"

namespace gridmail::imap {

/// When EXPUNGE must not be sent, it waits for the next command that allows it (RFC 3501, section 7.4.1).
enum class Expunges : std::uint8_t { allowed, held_back };

/// One call of changes(). Errors: those of the port; when the mailbox is gone (not_found) the client has been
/// told BYE and the session is over (RFC 2180, section 3.3). Without a selected mailbox nothing is done.
[[nodiscard]] Task<Result<void>> refresh(CommandContext& context, Expunges expunges, bool with_uid);

/// Says only what was held back, without asking the port.
void tell_held_back(CommandContext& context);

}  // namespace gridmail::imap
