// What a front asks about messages: their bytes, their flags, where they lie.
#include <algorithm>
#include <iterator>

#include "storage/mailbox/mailbox_answer.hpp"
#include "storage/mailbox/mailbox_client.hpp"
#include "storage/mailbox/mailbox_requests.hpp"

namespace gridmail {
namespace {

using mailbox::Answer;

SlotClient::Options bulk() {
  SlotClient::Options options;
  options.bulk = true;
  return options;
}

}  // namespace

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

Task<Result<std::vector<Bytes>>> MailboxClient::read(UserId user, std::vector<MessageRange> ranges) {
  auto request = reading(user);
  std::uint64_t length = 0;
  for (const auto& wanted : ranges) {
    auto& range = *request.mutable_read()->add_ranges();
    range.set_email(wanted.email.bytes());
    range.set_offset(wanted.offset);
    range.set_length(wanted.length);
    length += wanted.length;
  }
  const auto options = length > chunk_bytes ? bulk() : Options{};
  auto content =
      part_of(co_await ask(std::move(request), options), &Answer::has_content, &Answer::mutable_content);
  if (!content) co_return tl::unexpected(content.error());
  auto& pieces = *content->mutable_pieces();
  co_return std::vector<Bytes>(std::make_move_iterator(pieces.begin()),
                               std::make_move_iterator(pieces.end()));
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
