#include "storage/mailbox/mailbox_keys.hpp"

#include <algorithm>

#include "storage/replication/operation.hpp"

namespace gridmail {
namespace {

constexpr char area = 'u';
constexpr std::size_t prefix_size = 4 + 1 + 16;  // slot, area, user

}  // namespace

MailboxKeys::MailboxKeys(SlotId slot, UserId user) : prefix_(slot_key(slot, area, user.view())) {}

Bytes MailboxKeys::key(char kind, BytesView rest) const {
  Bytes key;
  key.reserve(prefix_.size() + 1 + rest.size() + 12);
  key.append(prefix_);
  key.push_back(kind);
  key.append(rest);
  return key;
}

Bytes MailboxKeys::key(char kind, std::uint32_t number) const {
  Bytes out = key(kind);
  append_be32(out, number);
  return out;
}

Bytes MailboxKeys::aged(char kind, AgeMicros age, BytesView rest) const {
  Bytes out = key(kind);
  append_be64(out, static_cast<std::uint64_t>(std::max<AgeMicros>(age, 0)));
  out.append(rest);
  return out;
}

KeyRange MailboxKeys::kind(char kind) const {
  Bytes first = key(kind);
  Bytes last = prefix_end(first);
  return {std::move(first), std::move(last)};
}

Bytes MailboxKeys::entry(MailboxId mailbox, Uid uid) const {
  Bytes out = key('E', mailbox);
  append_be32(out, uid);
  return out;
}

Bytes MailboxKeys::block(MailboxId mailbox, std::uint32_t number) const {
  Bytes out = key('B', mailbox);
  append_be32(out, number);
  return out;
}

Bytes MailboxKeys::changed(MailboxId mailbox, ModSeq modseq, Uid uid) const {
  Bytes out = key('C', mailbox);
  append_be64(out, modseq);
  append_be32(out, uid);
  return out;
}

Bytes MailboxKeys::expunged(MailboxId mailbox, ModSeq modseq) const {
  Bytes out = key('X', mailbox);
  append_be64(out, modseq);
  return out;
}

Bytes MailboxKeys::past_entry(AgeMicros age, MailboxId mailbox, Uid uid) const {
  Bytes out = aged('P', age, {});
  append_be32(out, mailbox);
  append_be32(out, uid);
  return out;
}

Bytes MailboxKeys::staged_copy(MailboxId mailbox, Uid first) const {
  Bytes out = key('T', mailbox);
  append_be32(out, first);
  return out;
}

Bytes MailboxKeys::unused_email(AgeMicros since, EmailId email) const {
  return aged('Z', since, email.view());
}

Bytes MailboxKeys::guid_expiry(AgeMicros expires, Guid guid) const {
  return aged('g', expires, guid.view());
}

Bytes MailboxKeys::chunk(EmailId email, std::uint32_t index) const {
  Bytes out = key('c', email.view());
  append_be32(out, index);
  return out;
}

KeyRange MailboxKeys::everything() const {
  return {prefix_, prefix_end(prefix_)};
}

KeyRange MailboxKeys::names(std::string_view prefix) const {
  Bytes first = key('N', prefix);
  Bytes last = prefix_end(first);
  return {std::move(first), std::move(last)};
}

KeyRange MailboxKeys::of_mailbox(char kind, MailboxId mailbox) const {
  Bytes first = key(kind, mailbox);
  Bytes last = prefix_end(first);
  return {std::move(first), std::move(last)};
}

KeyRange MailboxKeys::blocks(MailboxId mailbox) const {
  return of_mailbox('B', mailbox);
}

KeyRange MailboxKeys::entries(MailboxId mailbox, Uid first, Uid last) const {
  return {entry(mailbox, first), entry(mailbox, last) + '\0'};
}

KeyRange MailboxKeys::changed_range(MailboxId mailbox, ModSeq after, ModSeq through) const {
  return {changed(mailbox, after + 1, Uid{0}), changed(mailbox, through + 1, Uid{0})};
}

KeyRange MailboxKeys::expunged_range(MailboxId mailbox, ModSeq after, ModSeq through) const {
  return {expunged(mailbox, after + 1), expunged(mailbox, through + 1)};
}

KeyRange MailboxKeys::past_entries(AgeMicros until) const {
  return {key('P'), aged('P', until, {})};
}

KeyRange MailboxKeys::unused_emails(AgeMicros until) const {
  return {key('Z'), aged('Z', until, {})};
}

KeyRange MailboxKeys::expired_guids(AgeMicros until) const {
  return {key('g'), aged('g', until, {})};
}

KeyRange users_of(SlotId slot) {
  Bytes first = slot_key(slot, area, {});
  Bytes last = prefix_end(first);
  return {std::move(first), std::move(last)};
}

std::optional<UserId> user_in(BytesView key) {
  if (key.size() < prefix_size || key[4] != area) return std::nullopt;
  return UserId::from_bytes(key.substr(5, 16));
}

}  // namespace gridmail
