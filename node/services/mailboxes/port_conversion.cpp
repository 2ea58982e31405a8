#include "node/services/mailboxes/port_conversion.hpp"

#include <algorithm>

#include "storage/mailbox/uid_runs.hpp"

namespace gridmail {
namespace {

// Both number the uses and flags as the RFCs' registries list them; these are the only places that rely on
// it.
static_assert(static_cast<int>(ports::SpecialUse::flagged) == mailbox::FLAGGED);
static_assert(static_cast<int>(ports::SpecialUse::drafts) == mailbox::DRAFTS);
static_assert(static_cast<int>(ports::SpecialUse::trash) == mailbox::TRASH);

Result<UidSet> port_uids(const mailbox::UidRuns& runs) {
  auto set = to_set(runs);
  if (!set) return fail(Errc::corrupted, "UIDs of a mailbox");
  return std::move(*set);
}

template <class Entries>
Result<std::vector<ports::Entry>> converted_all(const Entries& entries) {
  std::vector<ports::Entry> converted;
  converted.reserve(static_cast<std::size_t>(entries.size()));
  for (const auto& entry : entries) {
    auto one = port_entry(entry);
    if (!one) return tl::unexpected(one.error());
    converted.push_back(std::move(*one));
  }
  return converted;
}

}  // namespace

ports::Flags port_flags(const mailbox::Flags& flags) {
  return {static_cast<std::uint8_t>(flags.system()), {flags.keywords().begin(), flags.keywords().end()}};
}

mailbox::Flags stored_flags(const ports::Flags& flags) {
  mailbox::Flags stored;
  stored.set_system(flags.system);
  for (const auto& keyword : flags.keywords) stored.add_keywords(keyword);
  return stored;
}

ports::SpecialUse port_use(mailbox::SpecialUse use) {
  // A newer node may know uses that this one does not.
  return use > mailbox::FLAGGED ? ports::SpecialUse::none : static_cast<ports::SpecialUse>(use);
}

mailbox::SpecialUse stored_use(ports::SpecialUse use) {
  return static_cast<mailbox::SpecialUse>(use);
}

mailbox::Store::Change stored_change(ports::FlagChange change) {
  switch (change) {
    case ports::FlagChange::add:
      return mailbox::Store::ADD;
    case ports::FlagChange::remove:
      return mailbox::Store::REMOVE;
    default:
      return mailbox::Store::REPLACE;
  }
}

ports::MailboxInfo port_info(const mailbox::Listing::Name& name) {
  return {name.mailbox(), name.name(), port_use(name.use()), name.subscribed(), name.mailbox() != 0};
}

ports::MailboxStatus port_status(const mailbox::Status& status) {
  ports::MailboxStatus converted;
  converted.id = status.mailbox();
  converted.uid_validity = status.uid_validity();
  converted.uid_next = status.uid_next();
  converted.highest_modseq = status.highest_modseq();
  converted.messages = status.messages();
  converted.unseen = status.unseen();
  converted.recent = status.recent();
  converted.deleted = status.deleted();
  converted.bytes = status.bytes();
  return converted;
}

Result<ports::Entry> port_entry(const mailbox::Entry& entry) {
  const auto email = EmailId::from_bytes(entry.email());
  if (!email) return fail(Errc::corrupted, "e-mail id");
  ports::Entry converted;
  converted.uid = entry.uid();
  converted.modseq = entry.modseq();
  converted.flags = port_flags(entry.flags());
  converted.internal_date = entry.internal_date();
  converted.zone_minutes = static_cast<std::int16_t>(entry.zone_minutes());
  converted.size = entry.size();
  converted.email = *email;
  return converted;
}

Result<std::vector<ports::Entry>> port_entries(const std::vector<mailbox::Entry>& entries) {
  return converted_all(entries);
}

Result<ports::OpenedMailbox> port_opened(const mailbox::Opened& opened) {
  auto uids = port_uids(opened.uids());
  auto recent = port_uids(opened.recent());
  if (!uids || !recent) return fail(Errc::corrupted, "UIDs of a mailbox");
  ports::OpenedMailbox converted;
  converted.status = port_status(opened.status());
  converted.name = opened.name();
  converted.uids = std::move(*uids);
  converted.first_unseen = opened.first_unseen();
  converted.recent = std::move(*recent);
  converted.keywords.assign(opened.keywords().begin(), opened.keywords().end());
  return converted;
}

Result<ports::Changes> port_changes(const mailbox::Changes& changes) {
  auto changed = converted_all(changes.changed());
  if (!changed) return tl::unexpected(changed.error());
  auto expunged = port_uids(changes.expunged());
  auto complete = port_uids(changes.complete());
  if (!expunged || !complete) return fail(Errc::corrupted, "UIDs of a mailbox");
  ports::Changes converted;
  converted.highest_modseq = changes.highest_modseq();
  converted.uid_next = changes.uid_next();
  converted.recent_from = changes.recent_from();
  converted.changed = std::move(*changed);
  converted.expunged = std::move(*expunged);
  if (changes.has_complete()) converted.complete = std::move(*complete);
  return converted;
}

Result<ports::StoreOutcome> port_stored(const mailbox::Stored& stored) {
  auto entries = converted_all(stored.entries());
  if (!entries) return tl::unexpected(entries.error());
  auto missing = port_uids(stored.missing());
  if (!missing) return tl::unexpected(missing.error());
  return ports::StoreOutcome{std::move(*entries), std::move(*missing)};
}

Result<ports::CopyOutcome> port_copied(const mailbox::Copied& copied) {
  const auto source = port_uids(copied.source());
  const auto target = port_uids(copied.target());
  if (!source || !target || source->count() != target->count())
    return fail(Errc::corrupted, "UIDs of a copy");
  ports::CopyOutcome outcome;
  outcome.uid_validity = copied.uid_validity();
  std::vector<Uid> targets;
  for (const auto& run : target->runs()) {
    for (std::uint64_t uid = run.first; uid <= run.last; ++uid) targets.push_back(static_cast<Uid>(uid));
  }
  auto next = targets.begin();
  for (const auto& run : source->runs()) {
    for (std::uint64_t uid = run.first; uid <= run.last; ++uid) {
      outcome.uids.emplace_back(static_cast<Uid>(uid), *next++);
    }
  }
  return outcome;
}

}  // namespace gridmail
