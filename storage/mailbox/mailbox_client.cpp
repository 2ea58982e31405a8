#include "storage/mailbox/mailbox_client.hpp"

#include <algorithm>
#include <map>

#include "storage/mailbox/mailbox_requests.hpp"
#include "storage/mailbox/uid_runs.hpp"

namespace gridmail {
namespace {

using mailbox::Answer;
using mailbox::Request;

Result<void> nothing(const Result<Answer>& answer) {
  if (!answer) return tl::unexpected(answer.error());
  return {};
}

/// The part of the answer that the request asks for.
template <class Part>
Result<Part> part_of(Result<Answer> answer, bool (Answer::*has)() const, Part* (Answer::*part)()) {
  if (!answer) return tl::unexpected(answer.error());
  if (!((*answer).*has)()) return fail(Errc::corrupted, "answer of a mailbox");
  return std::move(*((*answer).*part)());
}

Result<UidSet> set_of(const mailbox::UidRuns& runs) {
  auto set = to_set(runs);
  if (!set) return fail(Errc::corrupted, "UIDs of an answer");
  return std::move(*set);
}

/// What has to be asked again after a part was answered up to `next`.
UidSet rest_of(const UidSet& uids, Uid next) {
  return next == 0 ? UidSet() : from(uids, next);
}

SlotClient::Options bulk() {
  SlotClient::Options options;
  options.bulk = true;
  return options;
}

}  // namespace

Request MailboxClient::reading(UserId user) const {
  Request request;
  request.set_user(user.bytes());
  return request;
}

Request MailboxClient::changing(UserId user) const {
  auto request = reading(user);
  request.set_guid(draw_id<Guid>(random_).bytes());
  return request;
}

Task<Result<Answer>> MailboxClient::ask(Request request, Options options) {
  const auto user = UserId::from_bytes(request.user());
  const auto bytes =
      co_await slots_.call(slot_of(*user), ServiceId::mailbox, request.SerializeAsString(), options);
  if (!bytes) co_return tl::unexpected(bytes.error());
  Answer answer;
  if (!answer.ParseFromString(*bytes)) co_return fail(Errc::corrupted, "answer of a mailbox");
  co_return answer;
}

Task<Result<void>> MailboxClient::create_user(UserId user, Options options) {
  auto request = changing(user);
  request.mutable_create_user();
  co_return nothing(co_await ask(std::move(request), options));
}

Task<Result<void>> MailboxClient::remove_user(UserId user, Options options) {
  auto request = changing(user);
  request.mutable_remove_user();
  co_return nothing(co_await ask(std::move(request), options));
}

Task<Result<mailbox::Usage>> MailboxClient::usage(UserId user, Options options) {
  auto request = reading(user);
  request.mutable_usage();
  co_return part_of(co_await ask(std::move(request), options), &Answer::has_usage, &Answer::mutable_usage);
}

Task<Result<void>> MailboxClient::sweep(UserId user, Options options) {
  auto request = changing(user);
  request.mutable_sweep();
  co_return nothing(co_await ask(std::move(request), options));
}

Task<Result<mailbox::Added>> MailboxClient::deliver(UserId user, Guid guid, NewMessage message,
                                                    const MessageBody& body, Options options) {
  co_return co_await add(user, guid, mailbox::Add::DELIVERY, std::move(message), body, options);
}

Task<Result<mailbox::Added>> MailboxClient::append(UserId user, NewMessage message, const MessageBody& body,
                                                   Options options) {
  co_return co_await add(user, draw_id<Guid>(random_), mailbox::Add::APPEND, std::move(message), body,
                         options);
}

// The e-mail's id is the GUID: two nodes that hand over the same delivery stage the same chunks.
Task<Result<mailbox::Added>> MailboxClient::add(UserId user, Guid guid, mailbox::Add::By by,
                                                NewMessage message, const MessageBody& body,
                                                Options options) {
  const auto record_bytes = message.prefix.size() + message.structure.size();
  if (record_bytes > message_record_bytes_max) co_return fail(Errc::too_large, "structure of the message");
  auto request = reading(user);
  request.set_guid(guid.bytes());
  auto& add = *request.mutable_add();
  add.set_by(by);
  add.set_name(std::move(message.mailbox));
  add.set_email(guid.bytes());
  add.set_prefix(std::move(message.prefix));
  add.set_structure(std::move(message.structure));
  add.set_body_size(body.size());
  *add.mutable_flags() = std::move(message.flags);
  add.set_internal_date(message.internal_date);
  add.set_zone_minutes(message.zone_minutes);
  add.set_accepted(message.accepted);

  const auto email = *EmailId::from_bytes(guid.view());
  const bool is_inline = body.size() + record_bytes <= inline_bytes_max;
  for (std::uint64_t at = 0; is_inline && at < body.size(); at += chunk_bytes) {
    auto chunk =
        body.read(at, static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes, body.size() - at)));
    if (!chunk) co_return tl::unexpected(chunk.error());
    add.add_chunks(std::move(*chunk));
  }
  for (int attempt = 0;; ++attempt) {
    Result<void> staged;
    if (!is_inline) staged = co_await stage(user, email, body, options);
    Result<Answer> answer = tl::unexpected(Error{});
    if (staged) answer = co_await ask(request, options);
    // Chunks that waited too long were swept: once more from the first.
    const auto& error = staged ? answer.error() : staged.error();
    const bool failed = !staged || !answer;
    if (failed && error.code == Errc::conflict && !is_inline && attempt == 0) continue;
    if (!staged) co_return tl::unexpected(staged.error());
    co_return part_of(std::move(answer), &Answer::has_added, &Answer::mutable_added);
  }
}

Task<Result<void>> MailboxClient::stage(UserId user, EmailId email, const MessageBody& body,
                                        Options options) {
  std::uint32_t index = 0;
  for (std::uint64_t at = 0; at < body.size(); at += chunk_bytes, ++index) {
    auto chunk =
        body.read(at, static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes, body.size() - at)));
    if (!chunk) co_return tl::unexpected(chunk.error());
    auto request = reading(user);
    auto& stage = *request.mutable_stage_chunk();
    stage.set_email(email.bytes());
    stage.set_index(index);
    stage.set_content(std::move(*chunk));
    const auto answer = co_await ask(std::move(request), options);
    if (!answer) co_return tl::unexpected(answer.error());
  }
  co_return Result<void>{};
}

Task<Result<mailbox::Listing>> MailboxClient::list(UserId user) {
  auto request = reading(user);
  request.mutable_list();
  co_return part_of(co_await ask(std::move(request), {}), &Answer::has_listing, &Answer::mutable_listing);
}

Task<Result<mailbox::Status>> MailboxClient::status(UserId user, std::string name) {
  auto request = reading(user);
  request.mutable_status()->set_name(std::move(name));
  co_return part_of(co_await ask(std::move(request), {}), &Answer::has_status, &Answer::mutable_status);
}

Task<Result<void>> MailboxClient::create(UserId user, std::string name, mailbox::SpecialUse use) {
  auto request = changing(user);
  request.mutable_create()->set_name(std::move(name));
  request.mutable_create()->set_use(use);
  co_return nothing(co_await ask(std::move(request), {}));
}

Task<Result<void>> MailboxClient::remove(UserId user, std::string name) {
  auto request = changing(user);
  request.mutable_remove()->set_name(std::move(name));
  co_return nothing(co_await ask(std::move(request), {}));
}

Task<Result<void>> MailboxClient::rename(UserId user, std::string from, std::string to) {
  auto request = changing(user);
  request.mutable_rename()->set_from(std::move(from));
  request.mutable_rename()->set_to(std::move(to));
  co_return nothing(co_await ask(std::move(request), {}));
}

Task<Result<void>> MailboxClient::subscribe(UserId user, std::string name, bool subscribed) {
  auto request = changing(user);
  request.mutable_subscribe()->set_name(std::move(name));
  request.mutable_subscribe()->set_subscribed(subscribed);
  co_return nothing(co_await ask(std::move(request), {}));
}

Task<Result<mailbox::Opened>> MailboxClient::open(UserId user, std::string name, bool read_only) {
  auto request = reading(user);
  request.mutable_open()->set_name(std::move(name));
  request.mutable_open()->set_read_only(read_only);
  co_return part_of(co_await ask(std::move(request), {}), &Answer::has_opened, &Answer::mutable_opened);
}

Task<Result<ModSeq>> MailboxClient::watch(UserId user, MailboxId mailbox, Options options) {
  auto request = reading(user);
  request.mutable_watch()->set_mailbox(mailbox);
  const auto answer =
      part_of(co_await ask(std::move(request), options), &Answer::has_watched, &Answer::mutable_watched);
  if (!answer) co_return tl::unexpected(answer.error());
  co_return answer->highest_modseq();
}

// Later answers win: a message of an earlier one may have changed again, or be gone.
Task<Result<mailbox::Changes>> MailboxClient::changes(UserId user, MailboxId mailbox, ModSeq since) {
  std::map<Uid, mailbox::Entry> changed;
  UidSet expunged;
  std::optional<UidSet> complete;
  mailbox::Changes page;
  do {
    auto request = reading(user);
    request.mutable_changes()->set_mailbox(mailbox);
    request.mutable_changes()->set_since(since);
    auto answer =
        part_of(co_await ask(std::move(request), {}), &Answer::has_changes, &Answer::mutable_changes);
    if (!answer) co_return answer;
    page = std::move(*answer);
    since = page.highest_modseq();
    const auto gone = set_of(page.expunged());
    const auto all = set_of(page.complete());
    if (!gone || !all) co_return fail(Errc::corrupted, "UIDs of an answer");
    merge(expunged, *gone);
    if (page.has_complete()) complete = *all;
    if (complete) complete = subtract(*complete, *gone);
    for (auto& entry : *page.mutable_changed()) {
      if (complete) complete->add(entry.uid());
      changed[entry.uid()] = std::move(entry);
    }
  } while (page.more());
  page.clear_changed();
  for (auto& [uid, entry] : changed) {
    const bool gone = complete ? !complete->contains(uid) : expunged.contains(uid);
    if (!gone) *page.add_changed() = std::move(entry);
  }
  *page.mutable_expunged() = to_runs(expunged);
  page.clear_complete();
  if (complete) *page.mutable_complete() = to_runs(*complete);
  co_return page;
}

Task<Result<std::vector<mailbox::Entry>>> MailboxClient::entries(UserId user, MailboxId mailbox,
                                                                 UidSet uids) {
  std::vector<mailbox::Entry> entries;
  while (!uids.empty()) {
    auto request = reading(user);
    request.mutable_entries()->set_mailbox(mailbox);
    *request.mutable_entries()->mutable_uids() = to_runs(uids);
    auto page = part_of(co_await ask(std::move(request), {}), &Answer::has_entries, &Answer::mutable_entries);
    if (!page) co_return tl::unexpected(page.error());
    for (auto& entry : *page->mutable_entries()) entries.push_back(std::move(entry));
    uids = rest_of(uids, page->next_uid());
  }
  co_return entries;
}

Task<Result<std::vector<std::pair<EmailId, Bytes>>>> MailboxClient::structures(UserId user,
                                                                               std::vector<EmailId> emails) {
  std::vector<std::pair<EmailId, Bytes>> structures;
  for (std::size_t done = 0; done < emails.size();) {
    auto request = reading(user);
    for (auto i = done; i < std::min(emails.size(), done + messages_per_operation); ++i) {
      request.mutable_structures()->add_emails(emails[i].bytes());
    }
    auto page =
        part_of(co_await ask(std::move(request), {}), &Answer::has_structures, &Answer::mutable_structures);
    if (!page) co_return tl::unexpected(page.error());
    if (page->looked_at() == 0) co_return fail(Errc::corrupted, "answer of a mailbox");
    done += page->looked_at();
    for (auto& structure : *page->mutable_structures()) {
      const auto id = EmailId::from_bytes(structure.email());
      if (!id) co_return fail(Errc::corrupted, "e-mail id");
      structures.emplace_back(*id, std::move(*structure.mutable_structure()));
    }
  }
  co_return structures;
}

Task<Result<Bytes>> MailboxClient::read(UserId user, EmailId email, std::uint64_t offset,
                                        std::uint64_t length) {
  auto request = reading(user);
  auto& read = *request.mutable_read();
  read.set_email(email.bytes());
  read.set_offset(offset);
  read.set_length(length);
  const auto options = length > chunk_bytes ? bulk() : Options{};
  auto content =
      part_of(co_await ask(std::move(request), options), &Answer::has_content, &Answer::mutable_content);
  if (!content) co_return tl::unexpected(content.error());
  co_return std::move(*content->mutable_content());
}

Task<Result<mailbox::Stored>> MailboxClient::store(UserId user, MailboxId mailbox, UidSet uids,
                                                   mailbox::Store::Change change, mailbox::Flags flags) {
  mailbox::Stored all;
  UidSet missing;
  while (!uids.empty()) {
    auto request = changing(user);
    auto& store = *request.mutable_store();
    store.set_mailbox(mailbox);
    *store.mutable_uids() = to_runs(uids);
    store.set_change(change);
    *store.mutable_flags() = flags;
    auto part = part_of(co_await ask(std::move(request), {}), &Answer::has_stored, &Answer::mutable_stored);
    if (!part) co_return part;
    const auto gone = set_of(part->missing());
    if (!gone) co_return tl::unexpected(gone.error());
    merge(missing, *gone);
    for (auto& entry : *part->mutable_entries()) *all.add_entries() = std::move(entry);
    uids = rest_of(uids, part->next_uid());
  }
  *all.mutable_missing() = to_runs(missing);
  co_return all;
}

Task<Result<mailbox::Copied>> MailboxClient::copy(UserId user, MailboxId mailbox, UidSet uids,
                                                  std::string target) {
  auto request = changing(user);
  auto& copy = *request.mutable_copy();
  copy.set_mailbox(mailbox);
  *copy.mutable_uids() = to_runs(uids);
  copy.set_target(std::move(target));
  co_return part_of(co_await ask(std::move(request), {}), &Answer::has_copied, &Answer::mutable_copied);
}

Task<Result<mailbox::Copied>> MailboxClient::move(UserId user, MailboxId mailbox, UidSet uids,
                                                  std::string target) {
  UidSet source, drawn;
  mailbox::Copied all;
  do {
    auto request = changing(user);
    auto& move = *request.mutable_move();
    move.set_mailbox(mailbox);
    *move.mutable_uids() = to_runs(uids);
    move.set_target(target);
    const auto part =
        part_of(co_await ask(std::move(request), {}), &Answer::has_copied, &Answer::mutable_copied);
    if (!part) co_return part;
    const auto from = set_of(part->source());
    const auto to = set_of(part->target());
    if (!from || !to) co_return fail(Errc::corrupted, "UIDs of an answer");
    merge(source, *from);
    merge(drawn, *to);
    all.set_uid_validity(part->uid_validity());
    uids = rest_of(uids, part->next_uid());
  } while (!uids.empty());
  *all.mutable_source() = to_runs(source);
  *all.mutable_target() = to_runs(drawn);
  co_return all;
}

Task<Result<UidSet>> MailboxClient::expunge(UserId user, MailboxId mailbox, UidSet uids, bool only_deleted) {
  UidSet gone;
  while (!uids.empty()) {
    auto request = changing(user);
    auto& expunge = *request.mutable_expunge();
    expunge.set_mailbox(mailbox);
    *expunge.mutable_uids() = to_runs(uids);
    expunge.set_only_deleted(only_deleted);
    const auto part =
        part_of(co_await ask(std::move(request), {}), &Answer::has_expunged, &Answer::mutable_expunged);
    if (!part) co_return tl::unexpected(part.error());
    const auto removed = set_of(part->uids());
    if (!removed) co_return tl::unexpected(removed.error());
    merge(gone, *removed);
    uids = rest_of(uids, part->next_uid());
  }
  co_return gone;
}

}  // namespace gridmail
