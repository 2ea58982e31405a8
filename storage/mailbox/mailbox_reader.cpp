#include "storage/mailbox/mailbox_reader.hpp"

#include <algorithm>
#include <limits>

#include "storage/mailbox/mailbox_name.hpp"
#include "storage/mailbox/snapshot_record.hpp"
#include "storage/mailbox/uid_runs.hpp"

namespace gridmail {
namespace {

// One page of a scan, and one answer.
constexpr std::size_t page_pairs = 500;
constexpr std::size_t page_bytes = 256 * 1024;
constexpr int entries_per_answer = 2000;
constexpr Uid uid_max = std::numeric_limits<Uid>::max();

UidSet uids_in(const std::map<std::uint32_t, UidBlock>& blocks) {
  UidSet uids;
  for (const auto& [number, block] : blocks) block.append_to(uids, number);
  return uids;
}

}  // namespace

Task<Result<void>> MailboxReader::check_user() {
  const auto bytes = co_await snapshot_->get(Family::meta, keys_.user());
  if (!bytes) co_return tl::unexpected(bytes.error());
  if (!*bytes) co_return fail(Errc::not_found, "user");
  co_return Result<void>{};
}

Task<Result<mailbox::Usage>> MailboxReader::usage() {
  const auto user = co_await read_record<mailbox::UserRecord>(*snapshot_, keys_.user());
  if (!user) co_return tl::unexpected(user.error());
  if (!*user) co_return fail(Errc::not_found, "user");
  mailbox::Usage usage;
  usage.set_bytes((*user)->bytes());
  usage.set_messages((*user)->messages());
  usage.set_mailboxes((*user)->mailboxes());
  co_return usage;
}

Task<Result<mailbox::Listing>> MailboxReader::list() {
  if (const auto user = co_await check_user(); !user) co_return tl::unexpected(user.error());
  std::map<std::string, mailbox::Listing::Name> names;
  auto range = keys_.names();
  for (bool more = true; more;) {
    const auto page = co_await snapshot_->scan(Family::meta, range.first, range.last, page_pairs, page_bytes);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      mailbox::NameRecord record;
      if (!record.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "name record");
      if (record.mailbox() == 0 && !record.subscribed()) continue;
      const std::string name(keys_.rest(pair.key));
      auto& listed = names[name];
      listed.set_mailbox(record.mailbox());
      listed.set_use(record.use());
      listed.set_subscribed(record.subscribed());
      if (record.mailbox() == 0) continue;  // a subscription alone makes no parents
      for (const auto& parent : parents_of(name)) names.try_emplace(parent);
    }
    more = page->more;
    if (more) {
      range.first = page->pairs.back().key + '\0';
      co_await yield_strand();
    }
  }
  mailbox::Listing listing;
  for (auto& [name, listed] : names) {
    listed.set_name(name);
    *listing.add_names() = std::move(listed);
  }
  co_return listing;
}

Task<Result<MailboxId>> MailboxReader::find(std::string name) {
  const auto canonical = canonical_mailbox_name(name);
  if (!canonical) co_return tl::unexpected(canonical.error());
  const auto found = co_await read_record<mailbox::NameRecord>(*snapshot_, keys_.name(*canonical));
  if (!found) co_return tl::unexpected(found.error());
  if (*found && (*found)->mailbox() != 0) co_return (*found)->mailbox();
  if (const auto user = co_await check_user(); !user) co_return tl::unexpected(user.error());
  co_return fail(Errc::not_found, "mailbox");
}

Task<Result<mailbox::MailboxRecord>> MailboxReader::mailbox(MailboxId id) {
  auto found = co_await read_record<mailbox::MailboxRecord>(*snapshot_, keys_.mailbox(id));
  if (!found) co_return tl::unexpected(found.error());
  if (*found) co_return std::move(**found);
  if (const auto user = co_await check_user(); !user) co_return tl::unexpected(user.error());
  co_return fail(Errc::not_found, "mailbox");
}

Task<Result<KeywordTable>> MailboxReader::keywords(MailboxId id) {
  const auto found = co_await read_record<mailbox::KeywordsRecord>(*snapshot_, keys_.keywords(id));
  if (!found) co_return tl::unexpected(found.error());
  co_return *found ? KeywordTable(**found) : KeywordTable();
}

Task<Result<MailboxReader::Blocks>> MailboxReader::blocks(MailboxId id, Uid first, Uid last) {
  Blocks found;
  Bytes from = keys_.block(id, UidBlock::number_of(first));
  const Bytes to = keys_.block(id, UidBlock::number_of(last)) + '\0';
  for (bool more = true; more;) {
    const auto page = co_await snapshot_->scan(Family::meta, from, to, page_pairs, page_bytes);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      const auto block = UidBlock::decode(pair.value);
      if (!block) co_return fail(Errc::corrupted, "block of UIDs");
      found.emplace_hint(found.end(), read_be32(keys_.rest(pair.key), 4), *block);
    }
    more = page->more;
    if (more) {
      from = page->pairs.back().key + '\0';
      co_await yield_strand();
    }
  }
  co_return found;
}

Task<Result<bool>> MailboxReader::shows(MailboxId id, Uid uid, Blocks& known) {
  const auto number = UidBlock::number_of(uid);
  auto found = known.find(number);
  if (found == known.end()) {
    const auto bytes = co_await snapshot_->get(Family::meta, keys_.block(id, number));
    if (!bytes) co_return tl::unexpected(bytes.error());
    const auto block = *bytes ? UidBlock::decode(**bytes) : UidBlock();
    if (!block) co_return fail(Errc::corrupted, "block of UIDs");
    found = known.emplace(number, *block).first;
  }
  co_return found->second.exists(uid);
}

mailbox::Status MailboxReader::status_of(MailboxId id, const mailbox::MailboxRecord& record,
                                         const UidSet& recent) {
  mailbox::Status status;
  status.set_mailbox(id);
  status.set_uid_validity(record.uid_validity());
  status.set_uid_next(record.uid_next());
  status.set_highest_modseq(record.highest_modseq());
  status.set_messages(record.messages());
  status.set_unseen(record.unseen());
  status.set_deleted(record.deleted());
  status.set_bytes(record.bytes());
  status.set_recent(recent.count());
  return status;
}

Task<Result<UidSet>> MailboxReader::recent_in(MailboxId id, const mailbox::MailboxRecord& record) {
  const Uid mark = recent_.of(id, record.recent_from());
  if (mark >= record.uid_next()) co_return UidSet();
  const auto found = co_await blocks(id, std::max<Uid>(mark, 1), record.uid_next() - 1);
  if (!found) co_return tl::unexpected(found.error());
  co_return from(uids_in(*found), mark);
}

Task<Result<mailbox::Status>> MailboxReader::status(std::string name) {
  const auto id = co_await find(std::move(name));
  if (!id) co_return tl::unexpected(id.error());
  const auto record = co_await mailbox(*id);
  if (!record) co_return tl::unexpected(record.error());
  const auto recent = co_await recent_in(*id, *record);
  if (!recent) co_return tl::unexpected(recent.error());
  co_return status_of(*id, *record, *recent);
}

Task<Result<mailbox::Opened>> MailboxReader::open(std::string name) {
  const auto id = co_await find(name);
  if (!id) co_return tl::unexpected(id.error());
  const auto record = co_await mailbox(*id);
  if (!record) co_return tl::unexpected(record.error());
  const auto table = co_await keywords(*id);
  if (!table) co_return tl::unexpected(table.error());
  const auto all = co_await blocks(*id, 1, uid_max);
  if (!all) co_return tl::unexpected(all.error());

  mailbox::Opened opened;
  const auto uids = uids_in(*all);
  const auto recent = from(uids, recent_.of(*id, record->recent_from()));
  *opened.mutable_status() = status_of(*id, *record, recent);
  opened.set_name(*canonical_mailbox_name(name));
  *opened.mutable_uids() = to_runs(uids);
  *opened.mutable_recent() = to_runs(recent);
  for (const auto& [number, block] : *all) {
    opened.set_first_unseen(block.first_unseen(number));
    if (opened.first_unseen() != 0) break;
  }
  for (const auto& keyword : table->keywords()) opened.add_keywords(keyword);
  co_return opened;
}

Task<Result<ModSeq>> MailboxReader::highest_modseq(MailboxId id) {
  const auto record = co_await mailbox(id);
  if (!record) co_return tl::unexpected(record.error());
  co_return record->highest_modseq();
}

// The index names each message under its present MODSEQ only, so the answer has each message once.
Task<Result<void>> MailboxReader::add_changed(MailboxId id, ModSeq since, mailbox::Changes& changes) {
  const auto table = co_await keywords(id);
  if (!table) co_return tl::unexpected(table.error());
  Blocks known;
  auto range = keys_.changed_range(id, since, changes.highest_modseq());
  ModSeq last = since;
  for (bool more = true; more;) {
    const auto page = co_await snapshot_->scan(Family::meta, range.first, range.last, page_pairs, page_bytes);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      const auto rest = keys_.rest(pair.key);
      const ModSeq modseq = read_be64(rest, 4);
      const Uid uid = read_be32(rest, 12);
      if (modseq != last && changes.changed_size() >= entries_per_answer) {  // the rest is for another answer
        changes.set_highest_modseq(last);
        changes.set_more(true);
        co_return Result<void>{};
      }
      last = modseq;
      const auto shown = co_await shows(id, uid, known);
      if (!shown) co_return tl::unexpected(shown.error());
      if (!*shown) continue;  // left by a COPY that broke
      const auto entry = co_await read_record<mailbox::EntryRecord>(*snapshot_, keys_.entry(id, uid));
      if (!entry) co_return tl::unexpected(entry.error());
      if (!*entry) co_return fail(Errc::corrupted, "entry is missing");
      if ((*entry)->modseq() == modseq) *changes.add_changed() = entry_of(uid, **entry, *table);
    }
    more = page->more;
    if (more) {
      range.first = page->pairs.back().key + '\0';
      co_await yield_strand();
    }
  }
  co_return Result<void>{};
}

Task<Result<void>> MailboxReader::add_expunged(MailboxId id, ModSeq since, mailbox::Changes& changes) {
  UidSet expunged;
  auto range = keys_.expunged_range(id, since, changes.highest_modseq());
  for (bool more = true; more;) {
    const auto page = co_await snapshot_->scan(Family::meta, range.first, range.last, page_pairs, page_bytes);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      mailbox::ExpungedRecord record;
      if (!record.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "expunged UIDs");
      const auto uids = to_set(record.uids());
      if (!uids) co_return fail(Errc::corrupted, "expunged UIDs");
      merge(expunged, *uids);
    }
    more = page->more;
    if (more) {
      range.first = page->pairs.back().key + '\0';
      co_await yield_strand();
    }
  }
  *changes.mutable_expunged() = to_runs(expunged);
  co_return Result<void>{};
}

Task<Result<mailbox::Changes>> MailboxReader::changes(MailboxId id, ModSeq since) {
  const auto found = co_await mailbox(id);
  if (!found) co_return tl::unexpected(found.error());
  mailbox::Changes changes;
  changes.set_highest_modseq(found->highest_modseq());
  changes.set_uid_next(found->uid_next());
  changes.set_recent_from(recent_.of(id, found->recent_from()));
  if (since >= found->highest_modseq()) co_return changes;
  if (const auto added = co_await add_changed(id, since, changes); !added)
    co_return tl::unexpected(added.error());
  if (since < found->forgotten_modseq()) {
    const auto all = co_await blocks(id, 1, uid_max);
    if (!all) co_return tl::unexpected(all.error());
    *changes.mutable_complete() = to_runs(uids_in(*all));
    co_return changes;
  }
  if (const auto added = co_await add_expunged(id, since, changes); !added) {
    co_return tl::unexpected(added.error());
  }
  co_return changes;
}

Task<Result<void>> MailboxReader::add_run(MailboxId id, UidSet::Run run, const KeywordTable& table,
                                          mailbox::EntryPage& page) {
  auto range = keys_.entries(id, run.first, run.last);
  for (bool more = true; more;) {
    const auto pairs =
        co_await snapshot_->scan(Family::meta, range.first, range.last, page_pairs, page_bytes);
    if (!pairs) co_return tl::unexpected(pairs.error());
    for (const auto& pair : pairs->pairs) {
      const Uid uid = read_be32(keys_.rest(pair.key), 4);
      if (page.entries_size() >= entries_per_answer) {
        page.set_next_uid(uid);
        co_return Result<void>{};
      }
      mailbox::EntryRecord entry;
      if (!entry.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "entry");
      *page.add_entries() = entry_of(uid, entry, table);
    }
    more = pairs->more;
    if (more) {
      range.first = pairs->pairs.back().key + '\0';
      co_await yield_strand();
    }
  }
  co_return Result<void>{};
}

Task<Result<mailbox::EntryPage>> MailboxReader::entries(MailboxId id, UidSet wanted) {
  mailbox::EntryPage page;
  const auto found = co_await mailbox(id);
  if (!found) co_return tl::unexpected(found.error());
  if (wanted.empty()) co_return page;
  const auto table = co_await keywords(id);
  if (!table) co_return tl::unexpected(table.error());
  const auto shown = co_await blocks(id, wanted.runs().front().first, wanted.last());
  if (!shown) co_return tl::unexpected(shown.error());
  const auto present = wanted.intersect(uids_in(*shown));
  for (const auto& run : present.runs()) {
    if (page.entries_size() >= entries_per_answer) {
      page.set_next_uid(run.first);
      break;
    }
    const auto added = co_await add_run(id, run, *table, page);
    if (!added) co_return tl::unexpected(added.error());
    if (page.next_uid() != 0) break;
  }
  co_return page;
}

// Kept by date: few were expunged so lately that they are still kept.
Task<Result<mailbox::EntryPage>> MailboxReader::expunged_entries(MailboxId id, UidSet wanted) {
  const auto found = co_await mailbox(id);
  if (!found) co_return tl::unexpected(found.error());
  if (wanted.count() > entries_per_answer) co_return fail(Errc::invalid, "too many messages");
  const auto table = co_await keywords(id);
  if (!table) co_return tl::unexpected(table.error());
  std::map<Uid, mailbox::Entry> past;
  auto range = keys_.past_entries();
  for (bool more = true; more;) {
    const auto page = co_await snapshot_->scan(Family::meta, range.first, range.last, page_pairs, page_bytes);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      const auto rest = keys_.rest(pair.key);
      const Uid uid = read_be32(rest, 12);
      if (read_be32(rest, 8) != id || !wanted.contains(uid)) continue;
      mailbox::EntryRecord entry;
      if (!entry.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "entry");
      const auto email = EmailId::from_bytes(entry.email());
      if (!email) co_return fail(Errc::corrupted, "e-mail id");
      const auto bytes = co_await snapshot_->get(Family::meta, keys_.email(*email));
      if (!bytes) co_return tl::unexpected(bytes.error());
      if (*bytes) past[uid] = entry_of(uid, entry, *table);
    }
    more = page->more;
    if (more) {
      range.first = page->pairs.back().key + '\0';
      co_await yield_strand();
    }
  }
  mailbox::EntryPage answer;
  for (auto& [uid, entry] : past) *answer.add_entries() = std::move(entry);
  co_return answer;
}

}  // namespace gridmail
