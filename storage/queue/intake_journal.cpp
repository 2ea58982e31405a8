#include "storage/queue/intake_journal.hpp"

#include <set>

#include "storage/directory/record_codec.hpp"

namespace gridmail {
namespace {

constexpr BytesView record_prefix = "intake/r/";
constexpr BytesView chunk_prefix = "intake/c/";
/// A batch of chunks: as large as an operation of a slot may be, so that one message does not hold up the
/// others' sync.
constexpr std::size_t batch_bytes_max = 1 << 20;
constexpr std::size_t page_pairs_max = 64;
constexpr std::size_t page_bytes_max = 4 << 20;

Bytes record_key(BytesView id) {
  return Bytes(record_prefix).append(id);
}
Bytes chunks_of(BytesView id) {
  return Bytes(chunk_prefix).append(id);
}
Bytes chunk_key(BytesView id, std::uint32_t index) {
  Bytes key = chunks_of(id);
  append_be32(key, index);
  return key;
}

}  // namespace

Task<Result<void>> IntakeJournal::put(queue::IntakeRecord record, std::vector<Bytes> chunks) {
  record.set_chunks(static_cast<std::uint32_t>(chunks.size()));
  Batch batch;
  for (std::uint32_t index = 0; index < chunks.size(); ++index) {
    batch.put(Family::node, chunk_key(record.id(), index), std::move(chunks[index]));
    if (batch.bytes() < batch_bytes_max) continue;
    if (auto done = co_await store_.commit(std::move(batch)); !done) co_return done;
    batch = Batch();
  }
  // The record comes last: chunks without one are nothing.
  batch.put(Family::node, record_key(record.id()), record.SerializeAsString());
  co_return co_await store_.commit(std::move(batch));
}

Task<Result<void>> IntakeJournal::update(queue::IntakeRecord record) {
  Batch batch;
  batch.put(Family::node, record_key(record.id()), record.SerializeAsString());
  co_return co_await store_.commit(std::move(batch));
}

Task<Result<void>> IntakeJournal::drop(IntakeId id) {
  Batch batch;
  batch.remove(Family::node, record_key(id.view()));
  const auto first = chunks_of(id.view());
  batch.remove_range(Family::node, first, prefix_end(first));
  co_return co_await store_.commit(std::move(batch));
}

Task<Result<std::optional<queue::IntakeRecord>>> IntakeJournal::read(IntakeId id) {
  const auto value = co_await store_.get(Family::node, record_key(id.view()));
  co_return decode_stored<queue::IntakeRecord>(value);
}

Task<Result<Bytes>> IntakeJournal::read_body(const queue::IntakeRecord& record) {
  Bytes body;
  for (std::uint32_t index = 0; index < record.chunks(); ++index) {
    const auto chunk = co_await store_.get(Family::node, chunk_key(record.id(), index));
    if (!chunk) co_return tl::unexpected(chunk.error());
    if (!*chunk) co_return fail(Errc::corrupted, "an intake record lacks a chunk");
    body += **chunk;
  }
  co_return body;
}

Task<Result<std::vector<queue::IntakeRecord>>> IntakeJournal::recover() {
  const auto snapshot = store_.snapshot();
  std::vector<queue::IntakeRecord> records;
  Bytes first(record_prefix);
  const Bytes last = prefix_end(record_prefix);
  for (bool more = true; more;) {
    const auto page = co_await snapshot->scan(Family::node, first, last, page_pairs_max, page_bytes_max);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      auto record = decode_record<queue::IntakeRecord>(pair.value);
      if (!record) co_return tl::unexpected(record.error());
      records.push_back(std::move(*record));
    }
    more = page->more && !page->pairs.empty();
    if (more) first = page->pairs.back().key + '\0';
  }
  if (const auto dropped = co_await drop_orphans(records); !dropped)
    co_return tl::unexpected(dropped.error());
  co_return records;
}

Task<Result<void>> IntakeJournal::drop_orphans(const std::vector<queue::IntakeRecord>& records) {
  std::set<Bytes> known;
  for (const auto& record : records) known.insert(record.id());
  const auto snapshot = store_.snapshot();
  Batch batch;
  Bytes first(chunk_prefix);
  const Bytes last = prefix_end(chunk_prefix);
  for (;;) {  // from record to record: the chunks of one are not read through
    const auto page = co_await snapshot->scan(Family::node, first, last, 1, 1);
    if (!page) co_return tl::unexpected(page.error());
    if (page->pairs.empty()) break;
    const Bytes id = page->pairs.front().key.substr(chunk_prefix.size(), sizeof(IntakeId));
    const auto chunks = chunks_of(id);
    if (!known.contains(id)) batch.remove_range(Family::node, chunks, prefix_end(chunks));
    first = prefix_end(chunks);
  }
  if (batch.empty()) co_return Result<void>{};
  co_return co_await store_.commit(std::move(batch));
}

}  // namespace gridmail
