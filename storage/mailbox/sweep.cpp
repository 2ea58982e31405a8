#include "storage/mailbox/sweep.hpp"

#include "storage/mailbox/mailbox_name.hpp"

namespace gridmail {
namespace {

// What one step takes at most.
constexpr std::size_t guids_max = 200;
constexpr std::size_t emails_max = 50;
constexpr std::size_t entries_max = 300;
constexpr std::size_t expunged_records_max = 50;
constexpr std::size_t step_bytes_max = 200 * 1024;

Task<Result<bool>> sweep_guids(UserChange& change) {
  auto& draft = change.draft();
  const auto due = co_await draft.scan(Family::meta, change.keys().expired_guids(change.age()), guids_max);
  if (!due) co_return tl::unexpected(due.error());
  for (const auto& pair : *due) {
    const auto guid = Guid::from_bytes(change.keys().rest(pair.key).substr(8));
    if (guid) draft.remove(Family::meta, change.keys().guid(*guid));
    draft.remove(Family::meta, pair.key);
  }
  co_return due->size() == guids_max;
}

Task<Result<bool>> sweep_past_entries(UserChange& change) {
  auto& draft = change.draft();
  const auto range = change.keys().past_entries(change.age() - past_entry_kept);
  const auto due = co_await draft.scan(Family::meta, range, entries_max);
  if (!due) co_return tl::unexpected(due.error());
  for (const auto& pair : *due) draft.remove(Family::meta, pair.key);
  co_return due->size() == entries_max;
}

/// An e-mail that is in use after all (it was staged, then added) only loses its place in this list.
Task<Result<bool>> sweep_emails(UserChange& change) {
  auto& draft = change.draft();
  const auto range = change.keys().unused_emails(change.age() - unused_email_kept);
  const auto due = co_await draft.scan(Family::meta, range, emails_max);
  if (!due) co_return tl::unexpected(due.error());
  for (const auto& pair : *due) {
    if (draft.bytes() > step_bytes_max) co_return true;
    const auto email = EmailId::from_bytes(change.keys().rest(pair.key).substr(8));
    if (!email) co_return fail(Errc::corrupted, "unused e-mail");
    const auto record = co_await draft.read<mailbox::EmailRecord>(change.keys().email(*email));
    if (!record) co_return tl::unexpected(record.error());
    if (*record && (*record)->uses() == 0) {
      for (std::uint32_t i = 0; i < (*record)->chunks(); ++i) {
        draft.sweep(Family::body, change.keys().chunk(*email, i));
      }
      draft.sweep(Family::meta, change.keys().message(*email));
      draft.sweep(Family::meta, change.keys().email(*email));
    }
    draft.remove(Family::meta, pair.key);
  }
  co_return due->size() == emails_max;
}

/// Removes entries of [first, last]; none is visible. Answers how many were found.
Task<Result<std::size_t>> drop_entries(UserChange& change, MailboxId mailbox, KeyRange range) {
  const auto pairs = co_await change.draft().scan(Family::meta, std::move(range), entries_max);
  if (!pairs) co_return tl::unexpected(pairs.error());
  for (const auto& pair : *pairs) {
    mailbox::EntryRecord entry;
    if (!entry.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "entry");
    const Uid uid = read_be32(change.keys().rest(pair.key), 4);
    change.draft().remove(Family::meta, change.keys().changed(mailbox, entry.modseq(), uid));
    change.draft().remove(Family::meta, pair.key);
    const auto dropped = co_await change.drop_use(entry.email());
    if (!dropped) co_return tl::unexpected(dropped.error());
  }
  co_return pairs->size();
}

/// First the entries, since they hold uses; then what is left, and the note that the mailbox is removed last.
Task<Result<bool>> sweep_removed_mailbox(UserChange& change) {
  auto& draft = change.draft();
  const auto& keys = change.keys();
  const auto removed = co_await draft.scan(Family::meta, keys.removed_mailboxes(), 1);
  if (!removed) co_return tl::unexpected(removed.error());
  if (removed->empty()) co_return false;
  const MailboxId mailbox = read_be32(keys.rest(removed->front().key));
  const auto entries = co_await drop_entries(change, mailbox, keys.of_mailbox('E', mailbox));
  if (!entries) co_return tl::unexpected(entries.error());
  if (*entries > 0) co_return true;
  for (const char kind : {'B', 'C', 'X', 'T', 'K'}) {
    const auto rest = co_await draft.scan(Family::meta, keys.of_mailbox(kind, mailbox), entries_max);
    if (!rest) co_return tl::unexpected(rest.error());
    for (const auto& pair : *rest) draft.remove(Family::meta, pair.key);
    if (rest->size() == entries_max) co_return true;
  }
  draft.remove(Family::meta, removed->front().key);
  co_return true;  // perhaps another one
}

Task<Result<bool>> sweep_staged_copy(UserChange& change) {
  const auto& keys = change.keys();
  const auto staged = co_await change.draft().scan(Family::meta, keys.staged_copies(), 1);
  if (!staged) co_return tl::unexpected(staged.error());
  if (staged->empty()) co_return false;
  const auto& pair = staged->front();
  const auto rest = keys.rest(pair.key);
  const MailboxId mailbox = read_be32(rest);
  mailbox::StagedCopyRecord record;
  if (!record.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "staged copy");
  const auto range = keys.entries(mailbox, read_be32(rest, 4), record.uid_end() - 1);
  const auto entries = co_await drop_entries(change, mailbox, range);
  if (!entries) co_return tl::unexpected(entries.error());
  if (*entries == 0) change.draft().remove(Family::meta, pair.key);
  co_return true;
}

/// One after the other: a staged copy may lie in a removed mailbox, and no entry may be dropped twice.
Task<Result<bool>> sweep_entries(UserChange& change) {
  const auto left = co_await sweep_removed_mailbox(change);
  if (!left || *left) co_return left;
  co_return co_await sweep_staged_copy(change);
}

Task<Result<bool>> sweep_expunged(UserChange& change, MailboxId id) {
  const auto mailbox = co_await change.mailbox(id);
  if (!mailbox) {
    co_return mailbox.error().code == Errc::not_found ? Result<bool>(false) : tl::unexpected(mailbox.error());
  }
  const auto range = change.keys().of_mailbox('X', id);
  const auto oldest = co_await change.draft().scan(Family::meta, range, expunged_records_max);
  if (!oldest) co_return tl::unexpected(oldest.error());
  for (const auto& pair : *oldest) {
    mailbox::ExpungedRecord record;
    if (!record.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "expunged UIDs");
    if (record.age() > change.age() - expunged_kept) co_return false;
    (*mailbox)->change_record().set_forgotten_modseq(read_be64(change.keys().rest(pair.key), 4));
    change.draft().remove(Family::meta, pair.key);
  }
  co_return oldest->size() == expunged_records_max;
}

}  // namespace

Task<Result<std::vector<MailboxId>>> mailboxes_of(UserChange& change) {
  const auto names = co_await change.draft().scan(Family::meta, change.keys().names(), 3 * mailboxes_max);
  if (!names) co_return tl::unexpected(names.error());
  std::vector<MailboxId> mailboxes;
  for (const auto& pair : *names) {
    mailbox::NameRecord record;
    if (!record.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "name record");
    if (record.mailbox() != 0) mailboxes.push_back(record.mailbox());
  }
  co_return mailboxes;
}

Task<Result<bool>> sweep_some(UserChange& change, std::vector<MailboxId> mailboxes) {
  if (const auto user = co_await change.user(); !user) co_return tl::unexpected(user.error());
  bool more = false;
  for (const auto step : {sweep_guids, sweep_past_entries, sweep_emails, sweep_entries}) {
    if (change.draft().bytes() > step_bytes_max) co_return true;
    const auto left = co_await step(change);
    if (!left) co_return left;
    more = more || *left;
  }
  for (const auto mailbox : mailboxes) {
    if (change.draft().bytes() > step_bytes_max) co_return true;
    const auto left = co_await sweep_expunged(change, mailbox);
    if (!left) co_return left;
    more = more || *left;
  }
  co_return more;
}

}  // namespace gridmail
