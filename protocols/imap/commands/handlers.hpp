// The handlers, one command one file. Each sends its untagged responses and returns the tagged one.
#pragma once
#include "protocols/imap/command.hpp"
#include "protocols/imap/command_context.hpp"
#include "protocols/imap/imap_reply_mapping.hpp"

namespace gridmail::imap {

/// The arguments are those that the parser makes for the command's name; the table has checked the state.
using Handler = Task<Reply> (*)(CommandContext& context, const Command& command);

// Any state: RFC 3501, section 6.1.
Task<Reply> run_capability(CommandContext& context, const Command& command);
Task<Reply> run_noop(CommandContext& context, const Command& command);  ///< also CHECK
Task<Reply> run_logout(CommandContext& context, const Command& command);
Task<Reply> run_id(CommandContext& context, const Command& command);  ///< RFC 2971

// Not authenticated: section 6.2.
Task<Reply> run_starttls(CommandContext& context, const Command& command);
Task<Reply> run_authenticate(CommandContext& context, const Command& command);
Task<Reply> run_login(CommandContext& context, const Command& command);

// Authenticated: section 6.3.
Task<Reply> run_select(CommandContext& context, const Command& command);  ///< also EXAMINE
Task<Reply> run_create(CommandContext& context, const Command& command);
Task<Reply> run_delete(CommandContext& context, const Command& command);
Task<Reply> run_rename(CommandContext& context, const Command& command);
Task<Reply> run_subscribe(CommandContext& context, const Command& command);  ///< also UNSUBSCRIBE
Task<Reply> run_list(CommandContext& context, const Command& command);
Task<Reply> run_lsub(CommandContext& context, const Command& command);
Task<Reply> run_status(CommandContext& context, const Command& command);
Task<Reply> run_namespace(CommandContext& context, const Command& command);  ///< RFC 2342
Task<Reply> run_enable(CommandContext& context, const Command& command);     ///< RFC 5161
Task<Reply> run_idle(CommandContext& context, const Command& command);       ///< RFC 2177

// Selected: section 6.4.
Task<Reply> run_close(CommandContext& context, const Command& command);
Task<Reply> run_unselect(CommandContext& context, const Command& command);  ///< RFC 3691
Task<Reply> run_expunge(CommandContext& context, const Command& command);   ///< also UID EXPUNGE
Task<Reply> run_search(CommandContext& context, const Command& command);
Task<Reply> run_fetch(CommandContext& context, const Command& command);
Task<Reply> run_store(CommandContext& context, const Command& command);
Task<Reply> run_copy(CommandContext& context, const Command& command);
Task<Reply> run_move(CommandContext& context, const Command& command);  ///< RFC 6851

/// Section 6.3.11, apart from the table, since its literal is streamed: called when the literal is announced.
/// Nothing: the client has gone.
[[nodiscard]] Task<std::optional<Reply>> run_append(CommandContext& context, Append append);

}  // namespace gridmail::imap
