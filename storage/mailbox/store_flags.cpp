// STORE (RFC 3501, 6.4.6). A message whose flags are already as asked keeps its MODSEQ.
#include <algorithm>

#include "storage/mailbox/mailbox_requests.hpp"
#include "storage/mailbox/uid_runs.hpp"

namespace gridmail {
namespace {

constexpr std::uint32_t system_flags = 31;

/// What a STORE asks for, in the mailbox's own terms.
struct Wish {
  mailbox::Store::Change change;
  std::uint32_t system;
  std::vector<std::uint32_t> keywords;  // ascending
};

mailbox::EntryRecord changed(const mailbox::EntryRecord& before, const Wish& wish) {
  mailbox::EntryRecord after = before;
  const std::vector<std::uint32_t> had(before.keywords().begin(), before.keywords().end());
  std::vector<std::uint32_t> has;
  switch (wish.change) {
    case mailbox::Store::ADD:
      after.set_flags(before.flags() | wish.system);
      std::set_union(had.begin(), had.end(), wish.keywords.begin(), wish.keywords.end(),
                     std::back_inserter(has));
      break;
    case mailbox::Store::REMOVE:
      after.set_flags(before.flags() & ~wish.system);
      std::set_difference(had.begin(), had.end(), wish.keywords.begin(), wish.keywords.end(),
                          std::back_inserter(has));
      break;
    default:
      after.set_flags(wish.system);
      has = wish.keywords;
  }
  after.mutable_keywords()->Clear();
  for (const auto index : has) after.add_keywords(index);
  return after;
}

bool same_flags(const mailbox::EntryRecord& a, const mailbox::EntryRecord& b) {
  return a.flags() == b.flags() &&
         std::equal(a.keywords().begin(), a.keywords().end(), b.keywords().begin(), b.keywords().end());
}

/// The part of a request's UIDs that its answer is about.
UidSet covered(const UidSet& wanted, Uid next) {
  return next == 0 ? wanted : below(wanted, next);
}

}  // namespace

ChangeAnswer store_flags(UserChange& change, const mailbox::Store& request) {
  if (const auto user = co_await change.user(); !user) co_return tl::unexpected(user.error());
  const auto wanted = to_set(request.uids());
  if (!wanted || (request.flags().system() & ~system_flags) != 0) co_return fail(Errc::invalid, "STORE");
  const auto found = co_await change.mailbox(request.mailbox());
  if (!found) co_return tl::unexpected(found.error());
  MailboxChange& mailbox = **found;
  const auto keywords = co_await mailbox.keywords();
  if (!keywords) co_return tl::unexpected(keywords.error());
  auto indices = (*keywords)->indices(request.flags());
  if (!indices) co_return tl::unexpected(indices.error());
  const Wish wish{request.change(), request.flags().system(), std::move(*indices)};
  const auto present = co_await mailbox.existing(*wanted, messages_per_operation);
  if (!present) co_return tl::unexpected(present.error());

  mailbox::Answer answer;
  auto& stored = *answer.mutable_stored();
  *stored.mutable_missing() = to_runs(subtract(covered(*wanted, present->next), present->uids));
  stored.set_next_uid(present->next);
  for (const auto& run : present->uids.runs()) {
    for (Uid uid = run.first; uid <= run.last; ++uid) {
      const auto before = co_await mailbox.entry(uid);
      if (!before) co_return tl::unexpected(before.error());
      auto after = changed(*before, wish);
      if (!same_flags(*before, after)) {
        const auto updated = co_await mailbox.update(uid, *before, after);
        if (!updated) co_return tl::unexpected(updated.error());
        after.set_modseq(mailbox.record().highest_modseq());
      }
      *stored.add_entries() = entry_of(uid, after, **keywords);
    }
  }
  co_return answer;
}

Task<Result<void>> refresh_stored(UserChange& change, const mailbox::Store& request,
                                  mailbox::Stored& stored) {
  const auto wanted = to_set(request.uids());
  if (!wanted) co_return fail(Errc::invalid, "STORE");
  const auto found = co_await change.mailbox(request.mailbox());
  if (!found) co_return tl::unexpected(found.error());
  const auto keywords = co_await (*found)->keywords();
  if (!keywords) co_return tl::unexpected(keywords.error());
  const auto asked = covered(*wanted, stored.next_uid());
  const auto present = co_await (*found)->existing(asked, messages_per_operation);
  if (!present) co_return tl::unexpected(present.error());
  *stored.mutable_missing() = to_runs(subtract(asked, present->uids));
  for (const auto& run : present->uids.runs()) {
    for (Uid uid = run.first; uid <= run.last; ++uid) {
      const auto entry = co_await (*found)->entry(uid);
      if (!entry) co_return tl::unexpected(entry.error());
      *stored.add_entries() = entry_of(uid, *entry, **keywords);
    }
  }
  co_return Result<void>{};
}

}  // namespace gridmail
