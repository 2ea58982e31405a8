#include "tests/support/memory_mailboxes.hpp"

#include <algorithm>
#include <cstring>

#include "protocols/mime/parser.hpp"
#include "protocols/mime/structure_codec.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::testing {
namespace {

std::string canonical(const std::string& name) {
  if (text::equal_ignoring_case(name, "INBOX")) return "INBOX";
  if (text::starts_with_ignoring_case(name, "INBOX/")) return "INBOX" + name.substr(5);
  return name;
}

/// Whether `name` is `parent` or lies below it.
bool is_within(const std::string& name, const std::string& parent) {
  return name == parent || name.starts_with(parent + "/");
}

bool same_keyword(const std::string& a, const std::string& b) {
  return text::equal_ignoring_case(a, b);
}

ports::Flags united(ports::Flags flags, const ports::Flags& more) {
  flags.system |= more.system;
  for (const auto& keyword : more.keywords) {
    const auto known = std::any_of(flags.keywords.begin(), flags.keywords.end(),
                                   [&](const auto& other) { return same_keyword(keyword, other); });
    if (!known) flags.keywords.push_back(keyword);
  }
  std::sort(flags.keywords.begin(), flags.keywords.end());
  return flags;
}

ports::Flags without(ports::Flags flags, const ports::Flags& fewer) {
  flags.system &= static_cast<std::uint8_t>(~fewer.system);
  for (const auto& keyword : fewer.keywords) {
    std::erase_if(flags.keywords, [&](const auto& other) { return same_keyword(keyword, other); });
  }
  return flags;
}

ports::Flags changed(const ports::Flags& old, ports::FlagChange change, const ports::Flags& flags) {
  switch (change) {
    case ports::FlagChange::add:
      return united(old, flags);
    case ports::FlagChange::remove:
      return without(old, flags);
    case ports::FlagChange::replace:
      break;
  }
  return united({}, flags);
}

class MemorySpool final : public ports::Spool {
 public:
  explicit MemorySpool(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  Result<void> append(BytesView bytes) override {
    if (bytes_.size() + bytes.size() > bytes_max_) return fail(Errc::too_large, "message too large");
    bytes_.append(bytes);
    return {};
  }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
  std::uint64_t bytes_max_;
};

}  // namespace

void MemoryMailboxes::add_user(UserId user) {
  User& added = users_[user];
  using ports::SpecialUse;
  make_box(added, "INBOX", SpecialUse::none);
  const std::pair<const char*, SpecialUse> made[] = {{"Drafts", SpecialUse::drafts},
                                                     {"Sent", SpecialUse::sent},
                                                     {"Archive", SpecialUse::archive},
                                                     {"Junk", SpecialUse::junk},
                                                     {"Trash", SpecialUse::trash}};
  for (const auto& [name, use] : made) {
    make_box(added, name, use);
    added.subscriptions.insert(name);
  }
}

MemoryMailboxes::Box& MemoryMailboxes::make_box(User& user, const std::string& name, ports::SpecialUse use) {
  Box& box = user.boxes[name];
  box.id = user.next_id++;
  box.uid_validity = user.next_validity++;
  box.use = use;
  return box;
}

Uid MemoryMailboxes::deliver(UserId user, const std::string& mailbox, std::string bytes, ports::Flags flags,
                             WallMicros internal_date) {
  ports::Entry entry;
  entry.flags = std::move(flags);
  entry.internal_date = internal_date;
  entry.size = bytes.size();
  entry.email = keep(std::move(bytes));
  const Uid uid = add_entry(box(user, mailbox), std::move(entry));
  wake_waiters();
  return uid;
}

void MemoryMailboxes::set_flags(UserId user, const std::string& mailbox, Uid uid, ports::Flags flags) {
  Box& target = box(user, mailbox);
  ports::Entry& entry = target.entries.at(uid);
  entry.flags = std::move(flags);
  entry.modseq = ++target.highest_modseq;
  wake_waiters();
}

void MemoryMailboxes::expunge_now(UserId user, const std::string& mailbox, Uid uid) {
  drop_entry(box(user, mailbox), uid);
  wake_waiters();
}

const std::string& MemoryMailboxes::bytes_of(UserId user, const std::string& mailbox, Uid uid) const {
  return emails_.at(box(user, mailbox).entries.at(uid).email).bytes;
}

const ports::Flags& MemoryMailboxes::flags_of(UserId user, const std::string& mailbox, Uid uid) const {
  return box(user, mailbox).entries.at(uid).flags;
}

ports::UidSet MemoryMailboxes::uids_of(UserId user, const std::string& mailbox) const {
  ports::UidSet uids;
  for (const auto& [uid, entry] : box(user, mailbox).entries) uids.add(uid);
  return uids;
}

std::optional<Error> MemoryMailboxes::read_failure() const {
  return failure_.reads_too ? write_failure() : std::nullopt;
}

std::optional<Error> MemoryMailboxes::write_failure() const {
  if (!failure_.code) return std::nullopt;
  return Error{*failure_.code, "told to fail"};
}

MemoryMailboxes::Box& MemoryMailboxes::box(UserId user, const std::string& name) {
  return users_.at(user).boxes.at(canonical(name));
}

const MemoryMailboxes::Box& MemoryMailboxes::box(UserId user, const std::string& name) const {
  return users_.at(user).boxes.at(canonical(name));
}

MemoryMailboxes::Box* MemoryMailboxes::find(UserId user, const std::string& name) {
  auto& boxes = users_.at(user).boxes;
  const auto found = boxes.find(canonical(name));
  return found == boxes.end() ? nullptr : &found->second;
}

MemoryMailboxes::Box* MemoryMailboxes::find(UserId user, MailboxId id) {
  for (auto& [name, box] : users_.at(user).boxes) {
    if (box.id == id) return &box;
  }
  return nullptr;
}

Uid MemoryMailboxes::add_entry(Box& box, ports::Entry entry) {
  entry.uid = box.uid_next++;
  entry.modseq = ++box.highest_modseq;
  const Uid uid = entry.uid;
  box.entries.emplace(uid, std::move(entry));
  return uid;
}

void MemoryMailboxes::drop_entry(Box& box, Uid uid) {
  const auto found = box.entries.find(uid);
  if (found == box.entries.end()) return;
  box.expunged.emplace(uid, Tombstone{++box.highest_modseq, std::move(found->second)});
  box.entries.erase(found);
}

EmailId MemoryMailboxes::keep(std::string bytes) {
  EmailId id;
  const std::uint64_t number = ++next_email_;
  std::memcpy(id.value.data(), &number, sizeof number);
  Bytes structure = mime::encode(mime::parse(bytes));
  emails_.emplace(id, Email{std::move(bytes), std::move(structure)});
  return id;
}

void MemoryMailboxes::wake_waiters() {
  for (const auto& waiter : std::exchange(waiters_, {})) {
    if (const auto waiting = waiter.lock()) waiting->set();
  }
}

Task<Result<std::vector<ports::MailboxInfo>>> MemoryMailboxes::list(UserId user) {
  if (const auto failure = read_failure()) co_return tl::unexpected(*failure);
  const User& owner = users_.at(user);
  std::map<std::string, ports::MailboxInfo> infos;
  for (const auto& [name, box] : owner.boxes) {
    infos[name] = {box.id, name, box.use, owner.subscriptions.contains(name), true};
    for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
      infos.try_emplace(name.substr(0, at), ports::MailboxInfo{0, name.substr(0, at)});
    }
  }
  for (const auto& name : owner.subscriptions) {
    infos.try_emplace(name, ports::MailboxInfo{0, name}).first->second.subscribed = true;
  }
  std::vector<ports::MailboxInfo> listed;
  for (auto& [name, info] : infos) listed.push_back(std::move(info));
  co_return listed;
}

Task<Result<ports::MailboxStatus>> MemoryMailboxes::status(UserId user, std::string name) {
  if (const auto failure = read_failure()) co_return tl::unexpected(*failure);
  const Box* found = find(user, name);
  if (found == nullptr) co_return fail(Errc::not_found, "no such mailbox");
  ports::MailboxStatus status;
  status.id = found->id;
  status.uid_validity = found->uid_validity;
  status.uid_next = found->uid_next;
  status.highest_modseq = found->highest_modseq;
  status.messages = found->entries.size();
  for (const auto& [uid, entry] : found->entries) {
    if ((entry.flags.system & ports::Flag::seen) == 0) ++status.unseen;
    if ((entry.flags.system & ports::Flag::deleted) != 0) ++status.deleted;
    if (uid >= found->recent_from) ++status.recent;
    status.bytes += entry.size;
  }
  co_return status;
}

Task<Result<void>> MemoryMailboxes::create(UserId user, std::string name, ports::SpecialUse use) {
  if (const auto failure = write_failure()) co_return tl::unexpected(*failure);
  name = canonical(name);
  if (name.empty() || name.find("//") != std::string::npos)
    co_return fail(Errc::invalid, "not a mailbox name");
  User& owner = users_.at(user);
  if (owner.boxes.contains(name)) co_return fail(Errc::already_exists, "mailbox exists");
  for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
    if (!owner.boxes.contains(name.substr(0, at))) {
      make_box(owner, name.substr(0, at), ports::SpecialUse::none);
    }
  }
  make_box(owner, name, use);
  co_return Result<void>{};
}

Task<Result<void>> MemoryMailboxes::remove(UserId user, std::string name) {
  if (const auto failure = write_failure()) co_return tl::unexpected(*failure);
  name = canonical(name);
  if (name == "INBOX") co_return fail(Errc::invalid, "INBOX stays");
  User& owner = users_.at(user);
  if (owner.boxes.erase(name) == 0) {
    const bool parent = std::any_of(owner.boxes.begin(), owner.boxes.end(),
                                    [&](const auto& box) { return is_within(box.first, name); });
    co_return parent ? fail(Errc::invalid, "not a mailbox") : fail(Errc::not_found, "no such mailbox");
  }
  wake_waiters();
  co_return Result<void>{};
}

Task<Result<void>> MemoryMailboxes::rename(UserId user, std::string from, std::string to) {
  if (const auto failure = write_failure()) co_return tl::unexpected(*failure);
  from = canonical(from);
  to = canonical(to);
  User& owner = users_.at(user);
  if (owner.boxes.contains(to)) co_return fail(Errc::already_exists, "mailbox exists");
  if (from == "INBOX") {  // RFC 3501, 6.3.5: the messages move, INBOX stays
    Box& target = make_box(owner, to, ports::SpecialUse::none);
    Box& inbox = owner.boxes.at("INBOX");
    for (const auto& [uid, entry] : inbox.entries) add_entry(target, entry);
    while (!inbox.entries.empty()) drop_entry(inbox, inbox.entries.begin()->first);
    wake_waiters();
    co_return Result<void>{};
  }
  if (is_within(to, from)) co_return fail(Errc::invalid, "cannot move a mailbox below itself");
  std::vector<std::string> moving;
  for (const auto& [name, box] : owner.boxes) {
    if (is_within(name, from)) moving.push_back(name);
  }
  if (moving.empty()) co_return fail(Errc::not_found, "no such mailbox");
  for (const auto& name : moving) {
    auto node = owner.boxes.extract(name);
    node.key() = to + name.substr(from.size());
    owner.boxes.insert(std::move(node));
  }
  co_return Result<void>{};
}

Task<Result<void>> MemoryMailboxes::subscribe(UserId user, std::string name, bool subscribed) {
  if (const auto failure = write_failure()) co_return tl::unexpected(*failure);
  auto& names = users_.at(user).subscriptions;
  if (subscribed) {
    names.insert(canonical(name));
  } else {
    names.erase(canonical(name));
  }
  co_return Result<void>{};
}

Task<Result<ports::OpenedMailbox>> MemoryMailboxes::open(UserId user, std::string name, bool read_only) {
  auto status = co_await this->status(user, name);
  if (!status) co_return tl::unexpected(status.error());
  Box& opened = box(user, name);
  ports::OpenedMailbox result;
  result.status = *status;
  result.name = canonical(name);
  std::set<std::string> keywords;
  for (const auto& [uid, entry] : opened.entries) {
    result.uids.add(uid);
    if (result.first_unseen == 0 && (entry.flags.system & ports::Flag::seen) == 0) result.first_unseen = uid;
    if (uid >= opened.recent_from) result.recent.add(uid);
    keywords.insert(entry.flags.keywords.begin(), entry.flags.keywords.end());
  }
  result.keywords.assign(keywords.begin(), keywords.end());
  if (!read_only) opened.recent_from = opened.uid_next;
  co_return result;
}

Task<Result<ports::Changes>> MemoryMailboxes::changes(UserId user, MailboxId mailbox, ModSeq since,
                                                      bool read_only) {
  ++changes_asked_;
  if (const auto failure = read_failure()) co_return tl::unexpected(*failure);
  Box* found = find(user, mailbox);
  if (found == nullptr) co_return fail(Errc::not_found, "mailbox is gone");
  ports::Changes result;
  result.highest_modseq = found->highest_modseq;
  result.uid_next = found->uid_next;
  result.recent_from = found->recent_from;
  if (!read_only) found->recent_from = found->uid_next;
  for (const auto& [uid, entry] : found->entries) {
    if (entry.modseq > since) result.changed.push_back(entry);
  }
  for (const auto& [uid, tombstone] : found->expunged) {
    if (tombstone.modseq > since) result.expunged.add(uid);
  }
  if (forgetful_ && since < found->highest_modseq) {
    result.complete.emplace();
    for (const auto& [uid, entry] : found->entries) result.complete->add(uid);
    result.expunged = {};
  }
  co_return result;
}

Task<Result<std::vector<ports::Entry>>> MemoryMailboxes::entries(UserId user, MailboxId mailbox,
                                                                 ports::UidSet uids) {
  if (const auto failure = read_failure()) co_return tl::unexpected(*failure);
  const Box* found = find(user, mailbox);
  if (found == nullptr) co_return fail(Errc::not_found, "mailbox is gone");
  std::vector<ports::Entry> result;
  for (const auto& run : uids.runs()) {
    for (auto at = found->entries.lower_bound(run.first); at != found->entries.end() && at->first <= run.last;
         ++at) {
      result.push_back(at->second);
    }
  }
  co_return result;
}

Task<Result<std::vector<ports::Entry>>> MemoryMailboxes::expunged_entries(UserId user, MailboxId mailbox,
                                                                          ports::UidSet uids) {
  if (const auto failure = read_failure()) co_return tl::unexpected(*failure);
  const Box* found = find(user, mailbox);
  if (found == nullptr) co_return fail(Errc::not_found, "mailbox is gone");
  std::vector<ports::Entry> result;
  for (const auto& [uid, tombstone] : found->expunged) {
    if (uids.contains(uid)) result.push_back(tombstone.entry);
  }
  co_return result;
}

Task<Result<void>> MemoryMailboxes::wait_for_change(UserId user, MailboxId mailbox, ModSeq since,
                                                    TimePoint until) {
  while (clock_.now() < until) {
    if (const auto failure = read_failure()) co_return tl::unexpected(*failure);
    const Box* found = find(user, mailbox);
    if (found == nullptr) co_return fail(Errc::not_found, "mailbox is gone");
    if (found->highest_modseq > since) break;
    const auto woken = std::make_shared<Event>(co_await asio::this_coro::executor);
    waiters_.push_back(woken);
    const auto alarm = clock_.call_at(until, [woken] { woken->set(); });
    co_await woken->wait();
  }
  co_return Result<void>{};
}

Task<Result<std::vector<std::pair<EmailId, Bytes>>>> MemoryMailboxes::structures(
    UserId /*user*/, std::vector<EmailId> emails) {
  if (const auto failure = read_failure()) co_return tl::unexpected(*failure);
  std::vector<std::pair<EmailId, Bytes>> result;
  for (const auto& id : emails) {
    if (const auto found = emails_.find(id); found != emails_.end()) {
      result.emplace_back(id, found->second.structure);
    }
  }
  co_return result;
}

Task<Result<std::vector<Bytes>>> MemoryMailboxes::read(UserId /*user*/, std::vector<MessageRange> ranges) {
  ++reads_asked_;
  if (const auto failure = read_failure()) co_return tl::unexpected(*failure);
  if (reads_left_ == 0) co_return fail(Errc::unavailable, "told to fail");
  --reads_left_;
  std::vector<Bytes> pieces;
  std::uint64_t room = read_max_;
  for (const auto& range : ranges) {
    const auto found = emails_.find(range.email);
    if (found == emails_.end() && pieces.empty()) co_return fail(Errc::not_found, "message is gone");
    if (found == emails_.end() || room == 0) break;
    const std::string& bytes = found->second.bytes;
    const auto offset = std::min<std::uint64_t>(range.offset, bytes.size());
    pieces.push_back(bytes.substr(offset, std::min(range.length, room)));
    room -= pieces.back().size();
    if (pieces.back().size() < range.length) break;
  }
  co_return pieces;
}

void MemoryMailboxes::sweep(UserId user, const std::string& mailbox, Uid uid) {
  const Box& from = box(user, mailbox);
  const auto expunged = from.expunged.find(uid);
  emails_.erase(expunged == from.expunged.end() ? from.entries.at(uid).email : expunged->second.entry.email);
}

Task<Result<ports::StoreOutcome>> MemoryMailboxes::store(UserId user, MailboxId mailbox, ports::UidSet uids,
                                                         ports::FlagChange change, ports::Flags flags) {
  if (const auto failure = write_failure()) co_return tl::unexpected(*failure);
  Box* found = find(user, mailbox);
  if (found == nullptr) co_return fail(Errc::not_found, "mailbox is gone");
  ports::StoreOutcome outcome;
  ModSeq modseq = 0;  // one for the whole operation
  for (const auto& run : uids.runs()) {
    for (Uid uid = run.first; uid <= run.last && uid < found->uid_next; ++uid) {
      const auto entry = found->entries.find(uid);
      if (entry == found->entries.end()) {
        outcome.missing.add(uid);
        continue;
      }
      ports::Flags after = changed(entry->second.flags, change, flags);
      if (after != entry->second.flags) {
        if (modseq == 0) modseq = ++found->highest_modseq;
        entry->second.modseq = modseq;
        entry->second.flags = std::move(after);
      }
      outcome.entries.push_back(entry->second);
    }
  }
  wake_waiters();
  co_return outcome;
}

ports::CopyOutcome MemoryMailboxes::copy_entries(Box& from, const ports::UidSet& uids, Box& to) {
  ports::CopyOutcome outcome;
  outcome.uid_validity = to.uid_validity;
  std::vector<ports::Entry> copied;
  for (const auto& [uid, entry] : from.entries) {
    if (uids.contains(uid)) copied.push_back(entry);
  }
  for (const auto& entry : copied) outcome.uids.emplace_back(entry.uid, add_entry(to, entry));
  return outcome;
}

Task<Result<ports::CopyOutcome>> MemoryMailboxes::copy(UserId user, MailboxId mailbox, ports::UidSet uids,
                                                       std::string target) {
  if (const auto failure = write_failure()) co_return tl::unexpected(*failure);
  Box* from = find(user, mailbox);
  Box* to = find(user, target);
  if (from == nullptr) co_return fail(Errc::not_found, "mailbox is gone");
  if (to == nullptr) co_return fail(Errc::not_found, "TRYCREATE");
  for (const auto& run : uids.runs()) {
    for (Uid uid = run.first; uid <= run.last; ++uid) {
      if (!from->entries.contains(uid)) co_return fail(Errc::conflict, "a message is gone");
    }
  }
  auto outcome = copy_entries(*from, uids, *to);
  wake_waiters();
  co_return outcome;
}

Task<Result<ports::CopyOutcome>> MemoryMailboxes::move(UserId user, MailboxId mailbox, ports::UidSet uids,
                                                       std::string target) {
  if (const auto failure = write_failure()) co_return tl::unexpected(*failure);
  Box* from = find(user, mailbox);
  Box* to = find(user, target);
  if (from == nullptr) co_return fail(Errc::not_found, "mailbox is gone");
  if (to == nullptr) co_return fail(Errc::not_found, "TRYCREATE");
  auto outcome = copy_entries(*from, uids, *to);
  for (const auto& [source, copied] : outcome.uids) drop_entry(*from, source);
  wake_waiters();
  co_return outcome;
}

Task<Result<ports::UidSet>> MemoryMailboxes::expunge(UserId user, MailboxId mailbox, ports::UidSet uids,
                                                     bool only_deleted) {
  if (const auto failure = write_failure()) co_return tl::unexpected(*failure);
  Box* found = find(user, mailbox);
  if (found == nullptr) co_return fail(Errc::not_found, "mailbox is gone");
  ports::UidSet removed;
  for (const auto& [uid, entry] : found->entries) {
    const bool deleted = (entry.flags.system & ports::Flag::deleted) != 0;
    if (uids.contains(uid) && (deleted || !only_deleted)) removed.add(uid);
  }
  for (const auto& run : removed.runs()) {
    for (Uid uid = run.first; uid <= run.last; ++uid) drop_entry(*found, uid);
  }
  wake_waiters();
  co_return removed;
}

std::unique_ptr<ports::Spool> MemoryMailboxes::begin_message() {
  return std::make_unique<MemorySpool>(message_bytes_max_);
}

Task<Result<ports::AppendOutcome>> MemoryMailboxes::append(UserId user, std::string name, ports::Flags flags,
                                                           WallMicros date, std::int16_t zone_minutes,
                                                           std::unique_ptr<ports::Spool> message) {
  if (const auto failure = write_failure()) co_return tl::unexpected(*failure);
  Box* target = find(user, name);
  if (target == nullptr) co_return fail(Errc::not_found, "TRYCREATE");
  std::string bytes = static_cast<MemorySpool&>(*message).take();
  ports::Entry entry;
  entry.flags = united({}, flags);
  entry.internal_date = date;
  entry.zone_minutes = zone_minutes;
  entry.size = bytes.size();
  entry.email = keep(std::move(bytes));
  const Uid uid = add_entry(*target, std::move(entry));
  wake_waiters();
  co_return ports::AppendOutcome{target->uid_validity, uid};
}

}  // namespace gridmail::testing
