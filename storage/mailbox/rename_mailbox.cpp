// RENAME (RFC 3501, 6.3.5): names only, except for INBOX, whose messages move.
#include "storage/mailbox/mailbox_name.hpp"
#include "storage/mailbox/mailbox_requests.hpp"

namespace gridmail {
namespace {

/// UIDVALIDITY stays, unless the new name once had a higher one (design, section 7): a client that remembers
/// messages under the new name must not take these for them.
Task<Result<void>> move_name(UserChange& change, NamedRecord from, std::string to) {
  const auto user = co_await change.user();
  if (!user) co_return tl::unexpected(user.error());
  const auto canonical = canonical_mailbox_name(to);
  if (!canonical) co_return tl::unexpected(canonical.error());
  const auto before = co_await change.name(to);
  if (!before) co_return tl::unexpected(before.error());
  if (before->mailbox() != 0) co_return fail(Errc::already_exists, "mailbox");

  auto uid_validity = from.record.uid_validity_max();  // of its present mailbox: names only ever rise
  const auto past = std::max(before->uid_validity_max(), (*user)->past_uid_validity_max());
  if (past > uid_validity) {
    const auto mailbox = co_await change.mailbox(from.record.mailbox());
    if (!mailbox) co_return tl::unexpected(mailbox.error());
    uid_validity = change.draw_uid_validity();
    (*mailbox)->change_record().set_uid_validity(uid_validity);
  }
  auto after = *before;
  after.set_mailbox(from.record.mailbox());
  after.set_use(from.record.use());
  after.set_uid_validity_max(uid_validity);
  if (const auto put = change.put_name(to, *before, after); !put) co_return put;

  auto left = from.record;
  left.clear_mailbox();
  left.clear_use();
  co_return change.put_name(from.name, from.record, left);
}

/// INBOX keeps its UIDVALIDITY and UIDNEXT; its children stay.
ChangeAnswer rename_inbox(UserChange& change, std::string to, Progress& progress) {
  if (progress.target == 0) {
    if (const auto parents = co_await create_parents(change, to); !parents) {
      co_return tl::unexpected(parents.error());
    }
    const auto made = co_await create_named(change, to, mailbox::NONE);
    if (!made) co_return tl::unexpected(made.error());
    progress.target = (*made)->id();
  }
  const auto from = co_await change.mailbox_named(std::string(inbox));
  if (!from) co_return tl::unexpected(from.error());
  const auto target = co_await change.mailbox(progress.target);
  if (!target) co_return tl::unexpected(target.error());
  UidSet all;
  if ((*from)->record().uid_next() > 1) all.add(1, (*from)->record().uid_next() - 1);
  const auto piece = co_await (*from)->existing(std::move(all), messages_per_operation);
  if (!piece) co_return tl::unexpected(piece.error());
  const auto moved = co_await move_entries(**from, **target, piece->uids);
  if (!moved) co_return tl::unexpected(moved.error());
  progress.more = piece->next != 0;
  co_return done();
}

}  // namespace

ChangeAnswer rename_mailbox(UserChange& change, const mailbox::Rename& request, Progress& progress) {
  if (const auto user = co_await change.user(); !user) co_return tl::unexpected(user.error());
  const auto from = canonical_mailbox_name(request.from());
  if (!from) co_return tl::unexpected(from.error());
  const auto to = canonical_mailbox_name(request.to());
  if (!to) co_return tl::unexpected(to.error());
  if (*from == inbox) co_return co_await rename_inbox(change, *to, progress);
  if (*from == *to) co_return fail(Errc::already_exists, "mailbox");
  if (is_below(*to, *from)) co_return fail(Errc::invalid, "a mailbox cannot move below itself");

  auto moving = co_await mailboxes_below(change, *from);
  if (!moving) co_return tl::unexpected(moving.error());
  auto top = co_await change.name(*from);
  if (!top) co_return tl::unexpected(top.error());
  if (top->mailbox() != 0) moving->push_back({*from, std::move(*top)});
  if (moving->empty()) co_return fail(Errc::not_found, "mailbox");
  const auto target = co_await change.name(*to);
  if (!target) co_return tl::unexpected(target.error());
  if (target->mailbox() != 0) co_return fail(Errc::already_exists, "mailbox");
  if (const auto parents = co_await create_parents(change, *to); !parents) {
    co_return tl::unexpected(parents.error());
  }
  for (auto& mailbox : *moving) {
    auto name = *to + mailbox.name.substr(from->size());
    const auto moved = co_await move_name(change, std::move(mailbox), std::move(name));
    if (!moved) co_return tl::unexpected(moved.error());
  }
  co_return done();
}

}  // namespace gridmail
