#include "storage/mailbox/mailbox_client.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "storage/mailbox/mailbox_answer.hpp"
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
Task<Result<mailbox::Changes>> MailboxClient::changes(UserId user, MailboxId mailbox, ModSeq since,
                                                      bool read_only) {
  std::map<Uid, mailbox::Entry> changed;
  UidSet expunged;
  std::optional<UidSet> complete;
  Uid recent_from = std::numeric_limits<Uid>::max();
  mailbox::Changes page;
  do {
    auto request = reading(user);
    request.mutable_changes()->set_mailbox(mailbox);
    request.mutable_changes()->set_since(since);
    request.mutable_changes()->set_read_only(read_only);
    auto answer =
        part_of(co_await ask(std::move(request), {}), &Answer::has_changes, &Answer::mutable_changes);
    if (!answer) co_return answer;
    page = std::move(*answer);
    since = page.highest_modseq();
    recent_from = std::min(recent_from, page.recent_from());  // the first page takes what there is
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
  page.set_recent_from(recent_from);
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

Task<Result<std::vector<mailbox::Entry>>> MailboxClient::expunged_entries(UserId user, MailboxId mailbox,
                                                                          UidSet uids) {
  std::vector<mailbox::Entry> entries;
  const auto count = uids.count();
  for (std::size_t begin = 1; begin <= count; begin += messages_per_operation) {
    UidSet portion;
    portion.add(uids.at_rank(begin), uids.at_rank(std::min(count, begin + messages_per_operation - 1)));
    auto request = reading(user);
    request.mutable_expunged_entries()->set_mailbox(mailbox);
    *request.mutable_expunged_entries()->mutable_uids() = to_runs(uids.intersect(portion));
    auto page = part_of(co_await ask(std::move(request), {}), &Answer::has_entries, &Answer::mutable_entries);
    if (!page) co_return tl::unexpected(page.error());
    for (auto& entry : *page->mutable_entries()) entries.push_back(std::move(entry));
  }
  co_return entries;
}

}  // namespace gridmail
