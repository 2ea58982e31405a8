// COPY (RFC 3501, 6.4.7) and MOVE (RFC 6851): entries are written, never bytes.
#include <algorithm>

#include "storage/mailbox/mailbox_requests.hpp"
#include "storage/mailbox/uid_runs.hpp"

namespace gridmail {
namespace {

/// A COPY is all or nothing, so it has to be bounded: the operation that shows it has a block for each 256
/// UIDs.
constexpr std::size_t copied_max = 1'000'000;
/// MOVE writes and removes for each message.
constexpr std::size_t moved_max = messages_per_operation / 2;

Task<Result<MailboxChange*>> copy_target(UserChange& change, std::string name) {
  auto target = co_await change.mailbox_named(name);
  if (!target && target.error().code == Errc::not_found) co_return fail(Errc::not_found, "TRYCREATE");
  co_return target;
}

/// The same message for another mailbox, whose keywords have other indices.
Task<Result<mailbox::EntryRecord>> translated(MailboxChange& from, MailboxChange& to,
                                              mailbox::EntryRecord entry) {
  if (&from == &to || entry.keywords_size() == 0) co_return entry;
  const auto source = co_await from.keywords();
  if (!source) co_return tl::unexpected(source.error());
  const auto target = co_await to.keywords();
  if (!target) co_return tl::unexpected(target.error());
  const auto indices = (*target)->indices((*source)->flags_of(entry));
  if (!indices) co_return tl::unexpected(indices.error());
  entry.mutable_keywords()->Clear();
  for (const auto index : *indices) entry.add_keywords(index);
  co_return entry;
}

/// A new use of the source's message, translated for the target.
Task<Result<mailbox::EntryRecord>> used_again(UserChange& change, MailboxChange& from, MailboxChange& to,
                                              Uid uid) {
  auto entry = co_await from.entry(uid);
  if (!entry) co_return entry;
  const auto used = co_await change.add_use(entry->email());
  if (!used) co_return tl::unexpected(used.error());
  co_return co_await translated(from, to, std::move(*entry));
}

mailbox::Answer copied(const MailboxChange& to, const UidSet& source, Uid first) {
  mailbox::Answer answer;
  auto& copied = *answer.mutable_copied();
  copied.set_uid_validity(to.record().uid_validity());
  *copied.mutable_source() = to_runs(source);
  UidSet target;
  const auto count = static_cast<Uid>(source.count());
  if (count > 0) target.add(first, first + count - 1);
  *copied.mutable_target() = to_runs(target);
  return answer;
}

ChangeAnswer copy_at_once(UserChange& change, MailboxChange& from, MailboxChange& to, UidSet source) {
  const auto first = to.draw_uids(static_cast<std::uint32_t>(source.count()));
  if (!first) co_return tl::unexpected(first.error());
  Uid uid = *first;
  for (const auto& run : source.runs()) {
    for (Uid old = run.first; old <= run.last; ++old, ++uid) {
      auto entry = co_await used_again(change, from, to, old);
      if (!entry) co_return tl::unexpected(entry.error());
      const auto put = co_await to.insert(uid, std::move(*entry));
      if (!put) co_return tl::unexpected(put.error());
    }
  }
  co_return copied(to, source, *first);
}

/// The first step draws the UIDs and leaves a record, so that the sweep finds what a break leaves staged.
Result<void> begin_staging(UserChange& change, MailboxChange& to, std::size_t count, Progress& progress) {
  const auto first = to.draw_uids(static_cast<std::uint32_t>(count));
  if (!first) return tl::unexpected(first.error());
  progress.begun = true;
  progress.first = *first;
  mailbox::StagedCopyRecord record;
  record.set_uid_end(*first + static_cast<Uid>(count));
  change.draft().put_fresh(Family::meta, change.keys().staged_copy(to.id(), *first),
                           record.SerializeAsString());
  return {};
}

Task<Result<void>> stage_some(UserChange& change, MailboxChange& from, MailboxChange& to, UidSet source,
                              Progress& progress) {
  const auto begin = progress.staged.size();
  const auto end = std::min(source.count(), begin + messages_per_operation);
  for (std::size_t i = begin; i < end; ++i) {
    auto entry = co_await used_again(change, from, to, source.at_rank(i + 1));
    if (!entry) co_return tl::unexpected(entry.error());
    progress.staged.push_back({is_seen(*entry), is_deleted(*entry), entry->size()});
    to.stage(progress.first + static_cast<Uid>(i), std::move(*entry));
  }
  co_return Result<void>{};
}

ChangeAnswer copy_in_steps(UserChange& change, MailboxChange& from, MailboxChange& to, UidSet source,
                           Progress& progress) {
  if (!progress.begun) {
    const auto begun = begin_staging(change, to, source.count(), progress);
    if (!begun) co_return tl::unexpected(begun.error());
  }
  if (progress.staged.size() < source.count()) {
    const auto staged = co_await stage_some(change, from, to, source, progress);
    if (!staged) co_return tl::unexpected(staged.error());
    progress.more = true;
    co_return done();
  }
  Uid uid = progress.first;
  for (const auto& message : progress.staged) {
    const auto shown = co_await to.show(uid++, message.seen, message.deleted, message.size);
    if (!shown) co_return tl::unexpected(shown.error());
  }
  change.draft().remove(Family::meta, change.keys().staged_copy(to.id(), progress.first));
  progress.more = false;
  co_return copied(to, source, progress.first);
}

}  // namespace

ChangeAnswer copy_messages(UserChange& change, const mailbox::Copy& request, Progress& progress) {
  if (const auto user = co_await change.user(); !user) co_return tl::unexpected(user.error());
  auto wanted = to_set(request.uids());
  if (!wanted || wanted->empty()) co_return fail(Errc::invalid, "COPY");
  if (wanted->count() > copied_max) co_return fail(Errc::too_large, "too many messages in one COPY");
  const auto from = co_await change.mailbox(request.mailbox());
  if (!from) co_return tl::unexpected(from.error());
  const auto to = co_await copy_target(change, request.target());
  if (!to) co_return tl::unexpected(to.error());
  if (!progress.begun) {
    const auto present = co_await (*from)->existing(*wanted, copied_max);
    if (!present) co_return tl::unexpected(present.error());
    if (!(present->uids == *wanted)) co_return fail(Errc::conflict, "a message is expunged");
  }
  if (wanted->count() <= messages_per_operation) {
    co_return co_await copy_at_once(change, **from, **to, std::move(*wanted));
  }
  co_return co_await copy_in_steps(change, **from, **to, std::move(*wanted), progress);
}

Task<Result<UidSet>> move_entries(MailboxChange& from, MailboxChange& to, UidSet uids) {
  const auto first = to.draw_uids(static_cast<std::uint32_t>(uids.count()));
  if (!first) co_return tl::unexpected(first.error());
  Uid uid = *first;
  for (const auto& run : uids.runs()) {
    for (Uid old = run.first; old <= run.last; ++old, ++uid) {
      const auto before = co_await from.entry(old);
      if (!before) co_return tl::unexpected(before.error());
      auto after = co_await translated(from, to, *before);
      if (!after) co_return tl::unexpected(after.error());
      if (const auto gone = co_await from.erase(old, *before); !gone) co_return tl::unexpected(gone.error());
      const auto put = co_await to.insert(uid, std::move(*after));
      if (!put) co_return tl::unexpected(put.error());
    }
  }
  UidSet drawn;
  if (uid != *first) drawn.add(*first, uid - 1);
  co_return drawn;
}

ChangeAnswer move_messages(UserChange& change, const mailbox::Move& request) {
  if (const auto user = co_await change.user(); !user) co_return tl::unexpected(user.error());
  const auto wanted = to_set(request.uids());
  if (!wanted) co_return fail(Errc::invalid, "MOVE");
  const auto from = co_await change.mailbox(request.mailbox());
  if (!from) co_return tl::unexpected(from.error());
  const auto to = co_await copy_target(change, request.target());
  if (!to) co_return tl::unexpected(to.error());
  const auto present = co_await (*from)->existing(*wanted, moved_max);
  if (!present) co_return tl::unexpected(present.error());
  const auto drawn = co_await move_entries(**from, **to, present->uids);
  if (!drawn) co_return tl::unexpected(drawn.error());
  auto answer = copied(**to, present->uids, drawn->at_rank(1));
  answer.mutable_copied()->set_next_uid(present->next);
  co_return answer;
}

}  // namespace gridmail
