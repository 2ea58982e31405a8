// The sweep: drops what no longer serves anybody, a little with each call.
#pragma once
#include <vector>

#include "storage/mailbox/user_change.hpp"

namespace gridmail {

// All are measured by the slot's age: no clock that is wrong or jumps shortens them.
/// Bytes stay readable so long after their last entry went (a session may not have told its client yet), and
/// staged chunks so long after the first of them.
inline constexpr AgeMicros unused_email_kept = AgeMicros{3600} * 1'000'000;
/// Entries of expunged messages, for the same sake.
inline constexpr AgeMicros past_entry_kept = AgeMicros{1800} * 1'000'000;
/// Expunged UIDs are remembered so long.
inline constexpr AgeMicros expunged_kept = AgeMicros{30} * 24 * 3600 * 1'000'000;
/// GUIDs of deliveries; those of everything else: change_guid_kept.
inline constexpr AgeMicros delivery_guid_kept = AgeMicros{30} * 24 * 3600 * 1'000'000;

/// Drafts one bounded step: expired GUIDs, entries of expunged messages, e-mails without entries, entries of
/// removed mailboxes and of broken COPYs, and old expunged UIDs of `mailboxes`. Never while a request of this
/// user is between two of its operations. Answers whether more is due.
[[nodiscard]] Task<Result<bool>> sweep_some(UserChange& change, std::vector<MailboxId> mailboxes);
/// All mailboxes of the user.
[[nodiscard]] Task<Result<std::vector<MailboxId>>> mailboxes_of(UserChange& change);

}  // namespace gridmail
