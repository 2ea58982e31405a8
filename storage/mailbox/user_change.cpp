#include "storage/mailbox/user_change.hpp"

#include <limits>

#include "storage/mailbox/mailbox_name.hpp"

namespace gridmail {
namespace {

constexpr std::uint32_t past_names_max = 1'000;

bool says_nothing(const mailbox::NameRecord& record) {
  return record.mailbox() == 0 && !record.subscribed() && record.uid_validity_max() == 0;
}
bool is_bare_subscription(const mailbox::NameRecord& record) {
  return record.mailbox() == 0 && record.subscribed();
}
bool is_past(const mailbox::NameRecord& record) {
  return record.mailbox() == 0 && !record.subscribed() && record.uid_validity_max() != 0;
}

}  // namespace

Task<Result<mailbox::UserRecord*>> UserChange::user() {
  if (!user_) {
    auto record = co_await draft_.read<mailbox::UserRecord>(keys_.user());
    if (!record) co_return tl::unexpected(record.error());
    if (!*record) co_return fail(Errc::not_found, "user");
    user_before_ = (*record)->SerializeAsString();
    user_ = std::move(**record);
  }
  co_return &*user_;
}

void UserChange::count(std::int64_t messages, std::int64_t bytes) {
  user_->set_messages(user_->messages() + static_cast<std::uint64_t>(messages));
  user_->set_bytes(user_->bytes() + static_cast<std::uint64_t>(bytes));
}

Task<Result<mailbox::NameRecord>> UserChange::name(const std::string& name) {
  auto record = co_await draft_.read<mailbox::NameRecord>(keys_.name(name));
  if (!record) co_return tl::unexpected(record.error());
  co_return *record ? std::move(**record) : mailbox::NameRecord();
}

Result<void> UserChange::put_name(const std::string& name, const mailbox::NameRecord& before,
                                  const mailbox::NameRecord& after) {
  auto& user = *user_;
  user.set_past_names(user.past_names() - (is_past(before) ? 1 : 0));
  user.set_bare_subscriptions(user.bare_subscriptions() - (is_bare_subscription(before) ? 1 : 0));
  const auto key = keys_.name(name);
  if (is_past(after) && user.past_names() >= past_names_max) {
    // Too many to remember each: one number for all of them is on the safe side.
    user.set_past_uid_validity_max(std::max(user.past_uid_validity_max(), after.uid_validity_max()));
    draft_.remove(Family::meta, key);
    return {};
  }
  if (says_nothing(after)) {
    draft_.remove(Family::meta, key);
    return {};
  }
  if (is_bare_subscription(after) && user.bare_subscriptions() >= mailboxes_max) {
    return fail(Errc::too_large, "too many subscriptions");
  }
  user.set_past_names(user.past_names() + (is_past(after) ? 1 : 0));
  user.set_bare_subscriptions(user.bare_subscriptions() + (is_bare_subscription(after) ? 1 : 0));
  draft_.put(Family::meta, key, after.SerializeAsString());
  return {};
}

Task<Result<MailboxChange*>> UserChange::mailbox(MailboxId id) {
  const auto found = mailboxes_.find(id);
  if (found != mailboxes_.end()) co_return found->second.get();
  auto record = co_await draft_.read<mailbox::MailboxRecord>(keys_.mailbox(id));
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return fail(Errc::not_found, "mailbox");
  auto change = std::make_unique<MailboxChange>(*this, id, std::move(**record));
  co_return mailboxes_.emplace(id, std::move(change)).first->second.get();
}

Task<Result<MailboxChange*>> UserChange::mailbox_named(const std::string& name) {
  const auto canonical = canonical_mailbox_name(name);
  if (!canonical) co_return tl::unexpected(canonical.error());
  const auto record = co_await this->name(*canonical);
  if (!record) co_return tl::unexpected(record.error());
  if (record->mailbox() == 0) co_return fail(Errc::not_found, "mailbox");
  co_return co_await mailbox(record->mailbox());
}

std::uint32_t UserChange::draw_uid_validity() {
  const auto drawn = user_->next_uid_validity();
  user_->set_next_uid_validity(drawn + 1);
  return drawn;
}

Result<MailboxChange*> UserChange::create_mailbox() {
  if (user_->mailboxes() >= mailboxes_max) return fail(Errc::too_large, "too many mailboxes");
  const MailboxId id = user_->next_mailbox();
  user_->set_next_mailbox(id + 1);
  user_->set_mailboxes(user_->mailboxes() + 1);
  mailbox::MailboxRecord record;
  record.set_uid_validity(draw_uid_validity());
  record.set_uid_next(1);
  record.set_highest_modseq(1);
  auto change = std::make_unique<MailboxChange>(*this, id, std::move(record));
  static_cast<void>(change->change_record());
  return mailboxes_.emplace(id, std::move(change)).first->second.get();
}

void UserChange::remove_mailbox(MailboxChange& mailbox) {
  const auto& record = mailbox.record();
  count(-static_cast<std::int64_t>(record.messages()), -static_cast<std::int64_t>(record.bytes()));
  user_->set_mailboxes(user_->mailboxes() - 1);
  const auto id = mailbox.id();
  draft_.remove(Family::meta, keys_.mailbox(id));
  draft_.put_fresh(Family::meta, keys_.removed_mailbox(id), {});
  removed_.push_back(id);
  mailboxes_.erase(id);
}

Task<Result<void>> UserChange::change_uses(const Bytes& email, std::int64_t by) {
  const auto id = EmailId::from_bytes(email);
  if (!id) co_return fail(Errc::corrupted, "e-mail id");
  auto record = co_await draft_.read<mailbox::EmailRecord>(keys_.email(*id));
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return fail(Errc::corrupted, "e-mail is missing");
  const auto uses = (*record)->uses() + static_cast<std::uint32_t>(by);
  (*record)->set_uses(uses);
  draft_.put(Family::meta, keys_.email(*id), (*record)->SerializeAsString());
  if (uses == 0) draft_.put(Family::meta, keys_.unused_email(age(), *id), {});
  co_return Result<void>{};
}

void UserChange::finish() {
  for (const auto& [id, change] : mailboxes_) {
    if (!change->changed()) continue;
    change->change_record().set_recent_from(recent_.of(id, change->record().recent_from()));
    change->finish(draft_, keys_, age());
  }
  if (!user_) return;
  auto record = user_->SerializeAsString();
  if (record != user_before_) draft_.put(Family::meta, keys_.user(), std::move(record));
}

std::vector<UserChange::News> UserChange::news() const {
  std::vector<News> news;
  for (const auto& [id, change] : mailboxes_) {
    if (change->changed()) news.push_back({id, change->record().highest_modseq()});
  }
  for (const auto id : removed_) news.push_back({id, std::numeric_limits<ModSeq>::max()});
  return news;
}

}  // namespace gridmail
