#include "storage/queue/queue_keys.hpp"

#include "node/base/result.hpp"
#include "storage/replication/operation.hpp"

namespace gridmail {
namespace {

// The tables: the byte behind slot and area. Never reused.
constexpr char report_table = 'b';
constexpr char chunk_table = 'c';
constexpr char done_table = 'd';
constexpr char entry_table = 'e';
constexpr char outgoing_due_table = 'o';
constexpr char parcel_table = 'p';
constexpr char recipient_table = 'r';
constexpr char staged_table = 's';
constexpr char due_table = 't';

Bytes numbered(QueueEntryId id, std::uint32_t index) {
  Bytes rest = id.bytes();
  append_be32(rest, index);
  return rest;
}

}  // namespace

Bytes QueueKeys::key(char table, BytesView rest) const {
  Bytes tail(1, table);
  tail += rest;
  return slot_key(slot_, 'q', tail);
}

Bytes QueueKeys::entry(QueueEntryId id) const {
  return key(entry_table, id.view());
}
Bytes QueueKeys::recipient(QueueEntryId id, std::uint32_t index) const {
  return key(recipient_table, numbered(id, index));
}
Bytes QueueKeys::parcel(QueueEntryId id, std::uint32_t number) const {
  return key(parcel_table, numbered(id, number));
}
Bytes QueueKeys::report(QueueEntryId id, std::uint32_t number) const {
  return key(report_table, numbered(id, number));
}
Bytes QueueKeys::chunk(QueueEntryId id, std::uint32_t index) const {
  return key(chunk_table, numbered(id, index));
}
Bytes QueueKeys::done(QueueEntryId id) const {
  return key(done_table, id.view());
}
Bytes QueueKeys::staged(QueueEntryId id) const {
  return key(staged_table, id.view());
}

Bytes QueueKeys::due(WallMicros at, QueueEntryId id) const {
  Bytes rest;
  append_be64(rest, static_cast<std::uint64_t>(at));
  rest += id.view();
  return key(due_table, rest);
}

Bytes QueueKeys::outgoing_due(const OutgoingDue& due) const {
  Bytes rest;
  append_be64(rest, static_cast<std::uint64_t>(due.at));
  rest += due.id.view();
  rest += static_cast<char>(due.kind);
  append_be32(rest, due.number);
  return key(outgoing_due_table, rest);
}

QueueKeys::OutgoingDue QueueKeys::outgoing_due_in(BytesView bytes) {
  constexpr std::size_t id_size = sizeof(QueueEntryId);
  constexpr std::size_t rest_size = 8 + id_size + 1 + 4;
  GRIDMAIL_ASSERT(bytes.size() >= rest_size);
  bytes.remove_prefix(bytes.size() - rest_size);
  OutgoingDue due;
  due.at = static_cast<WallMicros>(read_be64(bytes, 0));
  due.id = *QueueEntryId::from_bytes(bytes.substr(8, id_size));
  due.kind = static_cast<Outgoing>(bytes[8 + id_size]);
  due.number = read_be32(bytes, 8 + id_size + 1);
  return due;
}

Bytes QueueKeys::everything() const {
  return slot_key(slot_, 'q', {});
}
Bytes QueueKeys::entries() const {
  return key(entry_table);
}
Bytes QueueKeys::recipients() const {
  return key(recipient_table);
}
Bytes QueueKeys::parcels_of(QueueEntryId id) const {
  return key(parcel_table, id.view());
}
Bytes QueueKeys::reports_of(QueueEntryId id) const {
  return key(report_table, id.view());
}
Bytes QueueKeys::outgoing_dues() const {
  return key(outgoing_due_table);
}
Bytes QueueKeys::recipients_of(QueueEntryId id) const {
  return key(recipient_table, id.view());
}
Bytes QueueKeys::chunks_of(QueueEntryId id) const {
  return key(chunk_table, id.view());
}
Bytes QueueKeys::dues() const {
  return key(due_table);
}

Bytes QueueKeys::due_end(WallMicros now) const {
  Bytes rest;
  append_be64(rest, static_cast<std::uint64_t>(now) + 1);
  return key(due_table, rest);
}

QueueEntryId QueueKeys::id_in(BytesView key_bytes) {
  GRIDMAIL_ASSERT(key_bytes.size() >= sizeof(QueueEntryId));
  return *QueueEntryId::from_bytes(key_bytes.substr(key_bytes.size() - sizeof(QueueEntryId)));
}

std::pair<QueueEntryId, std::uint32_t> QueueKeys::numbered_in(BytesView key_bytes) {
  const auto number_at = key_bytes.size() - 4;
  return {id_in(key_bytes.substr(0, number_at)), read_be32(key_bytes, number_at)};
}

}  // namespace gridmail
