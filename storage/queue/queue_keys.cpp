#include "storage/queue/queue_keys.hpp"

#include "node/base/result.hpp"
#include "storage/replication/operation.hpp"

namespace gridmail {
namespace {

// The tables: the byte behind slot and area. Never reused.
constexpr char chunk_table = 'c';
constexpr char done_table = 'd';
constexpr char entry_table = 'e';
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

Bytes QueueKeys::everything() const {
  return slot_key(slot_, 'q', {});
}
Bytes QueueKeys::entries() const {
  return key(entry_table);
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

}  // namespace gridmail
