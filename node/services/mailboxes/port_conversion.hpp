// Records of storage/mailbox to the values of ports::Mailboxes and back.
#pragma once
#include "protocols/ports/mailboxes.hpp"
#include "storage/mailbox/mailbox.pb.h"

namespace gridmail {

[[nodiscard]] ports::Flags port_flags(const mailbox::Flags& flags);
[[nodiscard]] mailbox::Flags stored_flags(const ports::Flags& flags);
[[nodiscard]] ports::SpecialUse port_use(mailbox::SpecialUse use);
[[nodiscard]] mailbox::SpecialUse stored_use(ports::SpecialUse use);
[[nodiscard]] mailbox::Store::Change stored_change(ports::FlagChange change);

[[nodiscard]] ports::MailboxInfo port_info(const mailbox::Listing::Name& name);
[[nodiscard]] ports::MailboxStatus port_status(const mailbox::Status& status);
// Errors of these: corrupted.
[[nodiscard]] Result<ports::Entry> port_entry(const mailbox::Entry& entry);
[[nodiscard]] Result<std::vector<ports::Entry>> port_entries(const std::vector<mailbox::Entry>& entries);
[[nodiscard]] Result<ports::OpenedMailbox> port_opened(const mailbox::Opened& opened);
[[nodiscard]] Result<ports::Changes> port_changes(const mailbox::Changes& changes);
[[nodiscard]] Result<ports::StoreOutcome> port_stored(const mailbox::Stored& stored);
[[nodiscard]] Result<ports::CopyOutcome> port_copied(const mailbox::Copied& copied);

}  // namespace gridmail
