#include "storage/mailbox/mailbox_change.hpp"

#include <algorithm>
#include <limits>

#include "storage/mailbox/uid_runs.hpp"
#include "storage/mailbox/user_change.hpp"

namespace gridmail {
namespace {

constexpr std::uint32_t flag_seen = 1;
constexpr std::uint32_t flag_deleted = 8;

}  // namespace

bool is_seen(const mailbox::EntryRecord& entry) {
  return (entry.flags() & flag_seen) != 0;
}
bool is_deleted(const mailbox::EntryRecord& entry) {
  return (entry.flags() & flag_deleted) != 0;
}

Task<Result<KeywordTable*>> MailboxChange::keywords() {
  if (!keywords_) {
    const auto record = co_await user_.draft().read<mailbox::KeywordsRecord>(user_.keys().keywords(id_));
    if (!record) co_return tl::unexpected(record.error());
    keywords_ = *record ? KeywordTable(**record) : KeywordTable();
  }
  co_return &*keywords_;
}

Task<Result<UidBlock*>> MailboxChange::block(Uid uid) {
  const auto number = UidBlock::number_of(uid);
  const auto found = blocks_.find(number);
  if (found != blocks_.end()) co_return &found->second;
  const auto bytes = co_await user_.draft().get(Family::meta, user_.keys().block(id_, number));
  if (!bytes) co_return tl::unexpected(bytes.error());
  UidBlock block;
  if (*bytes) {
    const auto decoded = UidBlock::decode(**bytes);
    if (!decoded) co_return fail(Errc::corrupted, "block of UIDs");
    block = *decoded;
  }
  co_return &blocks_.emplace(number, block).first->second;
}

Task<Result<MailboxChange::Existing>> MailboxChange::existing(UidSet wanted, std::size_t count_max,
                                                              Which which) {
  Existing found;
  std::size_t count = 0;
  for (const auto& run : wanted.runs()) {
    const Uid last = std::min(run.last, record_.uid_next() - 1);
    for (Uid uid = std::max<Uid>(run.first, 1); uid <= last; ++uid) {
      const auto in = co_await block(uid);
      if (!in) co_return tl::unexpected(in.error());
      if ((*in)->empty()) {
        uid = UidBlock::first_of(UidBlock::number_of(uid)) + UidBlock::uids - 1;
        continue;
      }
      if (!(*in)->exists(uid) || (which == Which::only_deleted && !(*in)->deleted(uid))) continue;
      if (count == count_max) {
        found.next = uid;
        co_return found;
      }
      found.uids.add(uid);
      ++count;
    }
  }
  co_return found;
}

Task<Result<mailbox::EntryRecord>> MailboxChange::entry(Uid uid) {
  auto record = co_await user_.draft().read<mailbox::EntryRecord>(user_.keys().entry(id_, uid));
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return fail(Errc::corrupted, "entry is missing");
  co_return std::move(**record);
}

Result<Uid> MailboxChange::draw_uids(std::uint32_t count) {
  const Uid first = record_.uid_next();
  if (count > std::numeric_limits<Uid>::max() - first)
    return fail(Errc::too_large, "mailbox has no UIDs left");
  change_record().set_uid_next(first + count);
  return first;
}

ModSeq MailboxChange::raise() {
  if (!raised_) change_record().set_highest_modseq(record_.highest_modseq() + 1);
  raised_ = true;
  return record_.highest_modseq();
}

void MailboxChange::count(const UidBlock& block, Uid uid, std::int64_t by) {
  const auto step = static_cast<std::uint64_t>(by);  // wraps: adding -1 subtracts one
  record_.set_messages(record_.messages() + step);
  if (!block.seen(uid)) record_.set_unseen(record_.unseen() + step);
  if (block.deleted(uid)) record_.set_deleted(record_.deleted() + step);
}

Task<Result<void>> MailboxChange::insert(Uid uid, mailbox::EntryRecord entry) {
  const bool seen = is_seen(entry), deleted = gridmail::is_deleted(entry);
  const auto size = entry.size();
  stage(uid, std::move(entry));
  return show(uid, seen, deleted, size);
}

void MailboxChange::stage(Uid uid, mailbox::EntryRecord entry) {
  entry.set_modseq(raised_ ? record_.highest_modseq() : record_.highest_modseq() + 1);
  const auto& keys = user_.keys();
  user_.draft().put_fresh(Family::meta, keys.changed(id_, entry.modseq(), uid), {});
  user_.draft().put_fresh(Family::meta, keys.entry(id_, uid), entry.SerializeAsString());
}

Task<Result<void>> MailboxChange::show(Uid uid, bool seen, bool deleted, std::uint64_t size) {
  raise();
  const auto in = co_await block(uid);
  if (!in) co_return tl::unexpected(in.error());
  (*in)->set(uid, seen, deleted);
  blocks_changed_.insert(UidBlock::number_of(uid));
  count(**in, uid, 1);
  record_.set_bytes(record_.bytes() + size);
  user_.count(1, static_cast<std::int64_t>(size));
  co_return Result<void>{};
}

Task<Result<void>> MailboxChange::update(Uid uid, const mailbox::EntryRecord& before,
                                         mailbox::EntryRecord after) {
  const auto in = co_await block(uid);
  if (!in) co_return tl::unexpected(in.error());
  after.set_modseq(raise());
  const auto& keys = user_.keys();
  user_.draft().remove(Family::meta, keys.changed(id_, before.modseq(), uid));
  user_.draft().put_fresh(Family::meta, keys.changed(id_, after.modseq(), uid), {});
  user_.draft().put(Family::meta, keys.entry(id_, uid), after.SerializeAsString());
  if (is_seen(before) == is_seen(after) && gridmail::is_deleted(before) == gridmail::is_deleted(after)) {
    co_return Result<void>{};
  }
  count(**in, uid, -1);
  (*in)->set(uid, is_seen(after), gridmail::is_deleted(after));
  count(**in, uid, 1);
  blocks_changed_.insert(UidBlock::number_of(uid));
  co_return Result<void>{};
}

Task<Result<void>> MailboxChange::erase(Uid uid, const mailbox::EntryRecord& entry) {
  const auto in = co_await block(uid);
  if (!in) co_return tl::unexpected(in.error());
  raise();
  const auto& keys = user_.keys();
  user_.draft().remove(Family::meta, keys.changed(id_, entry.modseq(), uid));
  user_.draft().remove(Family::meta, keys.entry(id_, uid));
  user_.draft().put_fresh(Family::meta, keys.past_entry(user_.age(), id_, uid), entry.SerializeAsString());
  count(**in, uid, -1);
  (*in)->clear(uid);
  blocks_changed_.insert(UidBlock::number_of(uid));
  record_.set_bytes(record_.bytes() - entry.size());
  user_.count(-1, -static_cast<std::int64_t>(entry.size()));
  expunged_.add(uid);
  co_return Result<void>{};
}

void MailboxChange::finish(Draft& draft, const MailboxKeys& keys, AgeMicros age) {
  for (const auto number : blocks_changed_) {
    const auto& block = blocks_.at(number);
    if (block.empty()) {
      draft.remove(Family::meta, keys.block(id_, number));
    } else {
      draft.put(Family::meta, keys.block(id_, number), block.encode());
    }
  }
  if (!expunged_.empty()) {
    mailbox::ExpungedRecord expunged;
    *expunged.mutable_uids() = to_runs(expunged_);
    expunged.set_age(age);
    draft.put_fresh(Family::meta, keys.expunged(id_, record_.highest_modseq()), expunged.SerializeAsString());
  }
  if (keywords_ && keywords_->grown()) {
    draft.put(Family::meta, keys.keywords(id_), keywords_->record().SerializeAsString());
  }
  if (changed_) draft.put(Family::meta, keys.mailbox(id_), record_.SerializeAsString());
}

}  // namespace gridmail
