#include "storage/mailbox/mailbox_name.hpp"
#include "storage/mailbox/mailbox_requests.hpp"

namespace gridmail {

mailbox::Answer done() {
  mailbox::Answer answer;
  answer.mutable_done();
  return answer;
}

Task<Result<MailboxChange*>> create_named(UserChange& change, const std::string& name,
                                          mailbox::SpecialUse use) {
  const auto before = co_await change.name(name);
  if (!before) co_return tl::unexpected(before.error());
  if (before->mailbox() != 0) co_return fail(Errc::already_exists, "mailbox");
  const auto made = change.create_mailbox();
  if (!made) co_return made;
  auto after = *before;
  after.set_mailbox((*made)->id());
  after.set_use(use);
  after.set_uid_validity_max((*made)->record().uid_validity());  // freshly drawn: higher than any before
  if (const auto put = change.put_name(name, *before, after); !put) co_return tl::unexpected(put.error());
  co_return made;
}

Task<Result<void>> create_parents(UserChange& change, const std::string& name) {
  for (const auto& parent : parents_of(name)) {
    const auto record = co_await change.name(parent);
    if (!record) co_return tl::unexpected(record.error());
    if (record->mailbox() != 0) continue;
    const auto made = co_await create_named(change, parent, mailbox::NONE);
    if (!made) co_return tl::unexpected(made.error());
  }
  co_return Result<void>{};
}

Task<Result<std::vector<NamedRecord>>> mailboxes_below(UserChange& change, std::string name) {
  // As many names as a user can have, subscriptions and remembered ones included.
  constexpr std::size_t names_max = 3 * mailboxes_max;
  const auto pairs = co_await change.draft().scan(Family::meta, change.keys().names(name + '/'), names_max);
  if (!pairs) co_return tl::unexpected(pairs.error());
  std::vector<NamedRecord> found;
  for (const auto& pair : *pairs) {
    NamedRecord child{std::string(change.keys().rest(pair.key)), {}};
    if (!child.record.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "name record");
    if (child.record.mailbox() != 0) found.push_back(std::move(child));
  }
  co_return found;
}

ChangeAnswer create_mailbox(UserChange& change, const mailbox::Create& request) {
  if (const auto user = co_await change.user(); !user) co_return tl::unexpected(user.error());
  const auto name = canonical_mailbox_name(request.name());
  if (!name) co_return tl::unexpected(name.error());
  if (const auto parents = co_await create_parents(change, *name); !parents) {
    co_return tl::unexpected(parents.error());
  }
  const auto made = co_await create_named(change, *name, request.use());
  if (!made) co_return tl::unexpected(made.error());
  co_return done();
}

// RFC 3501, 6.3.4: a mailbox with children leaves its name, without a mailbox, behind; so does a
// subscription.
ChangeAnswer remove_mailbox(UserChange& change, const mailbox::Remove& request) {
  if (const auto user = co_await change.user(); !user) co_return tl::unexpected(user.error());
  const auto name = canonical_mailbox_name(request.name());
  if (!name) co_return tl::unexpected(name.error());
  if (*name == inbox) co_return fail(Errc::invalid, "INBOX cannot be deleted");
  const auto before = co_await change.name(*name);
  if (!before) co_return tl::unexpected(before.error());
  if (before->mailbox() == 0) {
    const auto below = co_await mailboxes_below(change, *name);
    if (!below) co_return tl::unexpected(below.error());
    co_return below->empty() ? fail(Errc::not_found, "mailbox")
                             : fail(Errc::invalid, "a name with children but without mailbox");
  }
  const auto mailbox = co_await change.mailbox(before->mailbox());
  if (!mailbox) co_return tl::unexpected(mailbox.error());
  change.remove_mailbox(**mailbox);
  auto after = *before;
  after.clear_mailbox();
  after.clear_use();
  if (const auto put = change.put_name(*name, *before, after); !put) co_return tl::unexpected(put.error());
  co_return done();
}

// RFC 3501, 6.3.6: also for names that do not exist.
ChangeAnswer subscribe(UserChange& change, const mailbox::Subscribe& request) {
  if (const auto user = co_await change.user(); !user) co_return tl::unexpected(user.error());
  const auto name = canonical_mailbox_name(request.name());
  if (!name) co_return tl::unexpected(name.error());
  const auto before = co_await change.name(*name);
  if (!before) co_return tl::unexpected(before.error());
  auto after = *before;
  after.set_subscribed(request.subscribed());
  if (const auto put = change.put_name(*name, *before, after); !put) co_return tl::unexpected(put.error());
  co_return done();
}

}  // namespace gridmail
