#include "storage/mailbox/mailbox_service.hpp"

#include <algorithm>

#include "storage/mailbox/mailbox_reader.hpp"
#include "storage/mailbox/message_reader.hpp"
#include "storage/mailbox/uid_runs.hpp"

namespace gridmail {
namespace {

using What = mailbox::Request;

bool is_change(const mailbox::Request& request) {
  switch (request.what_case()) {
    case What::kUsage:
    case What::kList:
    case What::kStatus:
    case What::kOpen:
    case What::kChanges:
    case What::kEntries:
    case What::kExpungedEntries:
    case What::kWatch:
    case What::kStructures:
    case What::kRead:
      return false;
    default:
      return true;
  }
}

/// Puts a read's outcome where the answer has it.
template <class Part, class Field>
Result<mailbox::Answer> answer_with(Result<Part> part, Field* (mailbox::Answer::*field)()) {
  if (!part) return tl::unexpected(part.error());
  mailbox::Answer answer;
  *(answer.*field)() = std::move(*part);
  return answer;
}

Task<Result<mailbox::Answer>> read_entries(MailboxReader& reader, const mailbox::Entries& request) {
  auto uids = to_set(request.uids());
  if (!uids) co_return fail(Errc::invalid, "UIDs");
  co_return answer_with(co_await reader.entries(request.mailbox(), std::move(*uids)),
                        &mailbox::Answer::mutable_entries);
}

Task<Result<mailbox::Answer>> read_expunged_entries(MailboxReader& reader, const mailbox::Entries& request) {
  auto uids = to_set(request.uids());
  if (!uids) co_return fail(Errc::invalid, "UIDs");
  co_return answer_with(co_await reader.expunged_entries(request.mailbox(), std::move(*uids)),
                        &mailbox::Answer::mutable_entries);
}

/// A message is \Recent to one session: whoever is told of it first, unless it only looks (RFC 3501, 2.3.2).
/// Without a pause between asking for the mark and raising it.
void take_recent(RecentMarks& marks, const mailbox::Request& request, mailbox::Answer& answer) {
  if (request.has_open()) {
    auto& opened = *answer.mutable_opened();
    const auto id = opened.status().mailbox();
    const auto recent = to_set(opened.recent());
    GRIDMAIL_ASSERT(recent.has_value());
    *opened.mutable_recent() = to_runs(from(*recent, marks.of(id, 1)));
    if (!request.open().read_only()) marks.raise(id, opened.status().uid_next());
  } else if (request.has_changes()) {
    auto& changes = *answer.mutable_changes();
    const auto id = request.changes().mailbox();
    changes.set_recent_from(marks.of(id, std::max<Uid>(changes.recent_from(), 1)));
    if (!request.changes().read_only()) marks.raise(id, changes.uid_next());
  }
}

}  // namespace

/// One user while the slot is open here.
struct MailboxService::User {
  RecentMarks recent;
  MailboxWatches watches;
  std::shared_ptr<UserWriter> writer;
};

struct MailboxService::Slot {
  Epoch epoch = 0;
  std::shared_ptr<SlotAge> age;
  std::unordered_map<UserId, UserPtr> users;
};

std::shared_ptr<MailboxService::Slot> MailboxService::slot_for(const SlotAccess& access) {
  const std::lock_guard lock(mutex_);
  auto& slot = slots_[access.slot()];
  if (slot && slot->epoch > access.epoch()) return nullptr;
  if (!slot || slot->epoch < access.epoch()) {
    slot = std::make_shared<Slot>();
    slot->epoch = access.epoch();
    slot->age = std::make_shared<SlotAge>(access.slot(), clock_);
  }
  return slot;
}

MailboxService::UserPtr MailboxService::user_in(Slot& slot, SlotId id, UserId user) {
  auto& found = slot.users[user];
  if (!found) {
    found = std::make_shared<User>();
    const auto on_news = [this, user, &watches = found->watches](const UserChange::News& news) {
      tell(user, watches, news);
    };
    found->writer =
        std::make_shared<UserWriter>(MailboxKeys(id, user), clock_, slot.age, found->recent, on_news);
  }
  return found;
}

void MailboxService::closed(SlotId slot) {
  const std::lock_guard lock(mutex_);
  slots_.erase(slot);
}

void MailboxService::tell(UserId user, MailboxWatches& watches, const UserChange::News& news) {
  const auto fronts = watches.fronts(news.mailbox, clock_.now());
  if (fronts.empty()) return;
  mailbox::Push push;
  push.set_user(user.bytes());
  push.set_mailbox(news.mailbox);
  push.set_highest_modseq(news.highest_modseq);
  for (const auto& front : fronts) pushes_.push(front, push.SerializeAsString());
}

Task<Result<Bytes>> MailboxService::handle(SlotAccessPtr slot, NodeId from, Bytes bytes) {
  mailbox::Request request;
  if (!request.ParseFromString(bytes)) co_return fail(Errc::invalid, "mailbox request");
  const auto id = UserId::from_bytes(request.user());
  if (!id) co_return fail(Errc::invalid, "user id");
  const auto open = slot_for(*slot);
  if (!open) co_return fail(Errc::not_primary);
  const auto user = user_in(*open, slot->slot(), *id);  // kept to the end: the slot may close meanwhile
  Result<mailbox::Answer> answer;  // no conditional expression: g++ 12 mixes up what its two sides await
  if (is_change(request)) {
    answer = co_await user->writer->change(slot, std::move(request));
  } else {
    answer = co_await read(slot, user, from, std::move(request));
  }
  if (!answer) co_return tl::unexpected(answer.error());
  co_return answer->SerializeAsString();
}

Task<Result<mailbox::Answer>> MailboxService::read(SlotAccessPtr slot, UserPtr user, NodeId from,
                                                   mailbox::Request request) {
  const auto id = *UserId::from_bytes(request.user());
  // Before the read: a change that commits meanwhile is pushed, or is in the answer.
  if (request.has_watch()) user->watches.add(request.watch().mailbox(), from, clock_.now());
  const auto snapshot = slot->snapshot();
  MailboxReader reader(snapshot, MailboxKeys(slot->slot(), id), user->recent);
  MessageReader messages(snapshot, MailboxKeys(slot->slot(), id));
  using Answer = mailbox::Answer;
  Result<Answer> answer = fail(Errc::unsupported, "no such read");
  switch (request.what_case()) {
    case What::kUsage:
      answer = answer_with(co_await reader.usage(), &Answer::mutable_usage);
      break;
    case What::kList:
      answer = answer_with(co_await reader.list(), &Answer::mutable_listing);
      break;
    case What::kStatus:
      answer = answer_with(co_await reader.status(request.status().name()), &Answer::mutable_status);
      break;
    case What::kOpen:
      answer = answer_with(co_await reader.open(request.open().name()), &Answer::mutable_opened);
      break;
    case What::kChanges:
      answer = answer_with(co_await reader.changes(request.changes().mailbox(), request.changes().since()),
                           &Answer::mutable_changes);
      break;
    case What::kEntries:
      answer = co_await read_entries(reader, request.entries());
      break;
    case What::kExpungedEntries:
      answer = co_await read_expunged_entries(reader, request.expunged_entries());
      break;
    case What::kWatch: {
      const auto modseq = co_await reader.highest_modseq(request.watch().mailbox());
      if (!modseq) co_return tl::unexpected(modseq.error());
      answer = Answer();
      answer->mutable_watched()->set_highest_modseq(*modseq);
      break;
    }
    case What::kStructures: {
      const auto& emails = request.structures().emails();
      answer = answer_with(co_await messages.structures({emails.begin(), emails.end()}),
                           &Answer::mutable_structures);
      break;
    }
    case What::kRead: {
      const auto& ranges = request.read().ranges();
      answer = answer_with(co_await messages.read({ranges.begin(), ranges.end()}), &Answer::mutable_content);
      break;
    }
    default:
      break;
  }
  if (const auto allowed = slot->may_answer(); !allowed) co_return tl::unexpected(allowed.error());
  if (answer) take_recent(user->recent, request, *answer);
  co_return answer;
}

Task<Result<void>> MailboxService::write_down_age(SlotAccessPtr slot, SlotAge& age) {
  const auto snapshot = slot->snapshot();
  OperationBuilder builder(snapshot);
  if (auto written = co_await age.write_down(builder, snapshot); !written) co_return written;
  co_return co_await slot->commit(builder.take());
}

Task<Result<void>> MailboxService::sweep(SlotAccessPtr slot) {
  const auto open = slot_for(*slot);
  if (!open) co_return fail(Errc::not_primary);
  auto range = users_of(slot->slot());
  const auto anybody = co_await slot->snapshot()->scan(Family::meta, range.first, range.last, 1, 1);
  if (!anybody) co_return tl::unexpected(anybody.error());
  if (anybody->pairs.empty()) co_return Result<void>{};
  if (auto written = co_await write_down_age(slot, *open->age); !written) co_return written;
  for (;;) {
    const auto next = co_await slot->snapshot()->scan(Family::meta, range.first, range.last, 1, 1);
    if (!next) co_return tl::unexpected(next.error());
    if (next->pairs.empty()) co_return Result<void>{};
    const auto id = gridmail::user_in(next->pairs.front().key);
    if (!id) co_return fail(Errc::corrupted, "key of a user");
    mailbox::Request request;
    request.set_user(id->bytes());
    request.mutable_sweep();
    const auto user = user_in(*open, slot->slot(), *id);
    const auto swept = co_await user->writer->change(slot, std::move(request));
    if (!swept && swept.error().code != Errc::not_found) co_return tl::unexpected(swept.error());
    range.first = MailboxKeys(slot->slot(), *id).everything().last;
  }
}

}  // namespace gridmail
