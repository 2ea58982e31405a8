#include "storage/queue/queue_change.hpp"

namespace gridmail {
namespace {

constexpr std::uint32_t chunks_max = 4096;

Result<QueueEntryId> entry_id(const Bytes& bytes) {
  const auto id = QueueEntryId::from_bytes(bytes);
  if (!id) return fail(Errc::invalid, "a queue entry's id has 16 bytes");
  return *id;
}

bool are_complete(const queue::Submit& submit) {
  std::uint64_t bytes = 0;
  for (const auto& chunk : submit.chunks()) bytes += chunk.size();
  return bytes == submit.message().body_size() &&
         queue_chunk_count(bytes) == static_cast<std::uint32_t>(submit.chunks_size());
}

}  // namespace

Task<Result<bool>> QueueChange::was_submitted(QueueEntryId id) {
  const auto entry = co_await builder_.get(Family::meta, keys_.entry(id));
  if (!entry) co_return tl::unexpected(entry.error());
  if (*entry) co_return true;
  const auto done = co_await builder_.get(Family::meta, keys_.done(id));
  if (!done) co_return tl::unexpected(done.error());
  co_return done->has_value();
}

Task<Result<void>> QueueChange::put_mark(QueueEntryId id, const queue::StagedMark& mark) {
  if (auto put_it = co_await put(keys_.staged(id), mark.SerializeAsString()); !put_it) co_return put_it;
  co_return co_await put(keys_.due(mark.at() + to_micros(staged_chunks_kept), id), {});
}

Task<Result<void>> QueueChange::remove_mark(QueueEntryId id, const queue::StagedMark& mark) {
  if (auto gone = co_await remove(keys_.staged(id)); !gone) co_return gone;
  co_return co_await remove(keys_.due(mark.at() + to_micros(staged_chunks_kept), id));
}

Task<Result<void>> QueueChange::stage(const queue::StageChunk& chunk) {
  const auto id = entry_id(chunk.entry());
  if (!id) co_return tl::unexpected(id.error());
  if (chunk.count() > chunks_max || chunk.index() >= chunk.count() ||
      chunk.content().size() > queue_chunk_bytes) {
    co_return fail(Errc::invalid, "a chunk out of range");
  }
  const auto submitted = co_await was_submitted(*id);
  if (!submitted) co_return tl::unexpected(submitted.error());
  if (*submitted) co_return Result<void>{};
  if (chunk.index() == 0) {
    const auto before = co_await load<queue::StagedMark>(keys_.staged(*id));
    if (!before) co_return tl::unexpected(before.error());
    if (*before) {
      if (auto gone = co_await remove_mark(*id, **before); !gone) co_return gone;
    }
    queue::StagedMark mark;
    mark.set_at(now_);
    mark.set_chunks(chunk.count());
    if (auto marked = co_await put_mark(*id, mark); !marked) co_return marked;
  }
  co_return co_await builder_.put(Family::body, keys_.chunk(*id, chunk.index()), chunk.content());
}

Task<Result<void>> QueueChange::submit(const queue::Submit& submit, SubmittedEntry* made) {
  *made = {};
  const auto id = entry_id(submit.entry());
  if (!id) co_return tl::unexpected(id.error());
  if (submit.recipients_size() == 0 || submit.recipients_size() > queue_recipients_max) {
    co_return fail(Errc::invalid, "a queue entry with no recipients or too many");
  }
  const auto submitted = co_await was_submitted(*id);
  if (!submitted) co_return tl::unexpected(submitted.error());
  if (*submitted) co_return Result<void>{};

  const auto mark = co_await load<queue::StagedMark>(keys_.staged(*id));
  if (!mark) co_return tl::unexpected(mark.error());
  const auto chunks = queue_chunk_count(submit.message().body_size());
  if (are_complete(submit)) {
    for (std::uint32_t i = 0; i < chunks; ++i) {
      const auto& chunk = submit.chunks(static_cast<int>(i));
      if (!*mark) {
        builder_.put_fresh(Family::body, keys_.chunk(*id, i), chunk);
        continue;
      }
      auto stored = co_await builder_.put(Family::body, keys_.chunk(*id, i), chunk);
      if (!stored) co_return stored;
    }
  } else if (submit.chunks_size() != 0) {
    co_return fail(Errc::invalid, "chunks do not make up the body");
  } else if (!*mark || (*mark)->chunks() != chunks) {
    co_return fail(Errc::conflict, "the chunks were swept");
  }
  if (*mark) {
    if (auto gone = co_await remove_mark(*id, **mark); !gone) co_return gone;
  }
  made->is_new = true;
  queue::Entry entry;
  *entry.mutable_message() = submit.message();
  entry.set_recipients(static_cast<std::uint32_t>(submit.recipients_size()));
  entry.set_chunks(chunks);
  if (auto stored = co_await put(keys_.entry(*id), entry.SerializeAsString()); !stored) co_return stored;
  std::uint32_t index = 0;
  for (const auto& recipient : submit.recipients()) {
    if (recipient.user().empty() || recipient.has_outcome()) continue;
    made->for_users = true;
    builder_.put_fresh(Family::meta, keys_.recipient(*id, index++), recipient.SerializeAsString());
  }
  put_new_parcels(*id, submit, made);
  put_refused(*id, submit, made);
  co_return Result<void>{};
}

Task<Result<void>> QueueChange::handed_out(QueueEntryId id, const std::vector<std::uint32_t>& recipients) {
  std::vector<queue::Recipient> told;
  for (const auto index : recipients) {
    auto recipient = co_await load<queue::Recipient>(keys_.recipient(id, index));
    if (!recipient) co_return tl::unexpected(recipient.error());
    if (!*recipient) continue;
    if (auto gone = co_await remove(keys_.recipient(id, index)); !gone) co_return gone;
    if (((*recipient)->notify() & queue::NOTIFY_SUCCESS) != 0) told.push_back(std::move(**recipient));
  }
  if (!told.empty()) {
    if (auto owed = co_await owe_delivered(id, recipients.front(), std::move(told)); !owed) co_return owed;
  }
  co_return co_await finish_if_done(id);
}

Task<Result<void>> QueueChange::finish_if_done(QueueEntryId id) {
  for (const auto& first : {keys_.recipients_of(id), keys_.parcels_of(id), keys_.reports_of(id)}) {
    const auto left = co_await builder_.scan(Family::meta, first, prefix_end(first), 1);
    if (!left) co_return tl::unexpected(left.error());
    if (!left->empty()) co_return Result<void>{};
  }
  co_return co_await finish(id);
}

Task<Result<void>> QueueChange::check_there(QueueEntryId id) {
  const auto entry = co_await builder_.get(Family::meta, keys_.entry(id));
  if (!entry) co_return tl::unexpected(entry.error());
  if (!*entry) co_return not_there(id);
  co_return Result<void>{};
}

Result<void> QueueChange::not_there(QueueEntryId id) {
  return fail(Errc::not_found, "no queue entry " + id.hex());
}

Task<Result<void>> QueueChange::remove_entry(QueueEntryId id) {
  if (auto there = co_await check_there(id); !there) co_return there;
  const auto first = keys_.recipients_of(id);
  const auto left = co_await builder_.scan(Family::meta, first, prefix_end(first), SIZE_MAX);
  if (!left) co_return tl::unexpected(left.error());
  for (const auto& pair : *left) {
    if (auto gone = co_await remove(pair.key); !gone) co_return gone;
  }
  if (auto gone = co_await remove_outgoing(id); !gone) co_return gone;
  co_return co_await finish(id);
}

Task<Result<void>> QueueChange::finish(QueueEntryId id) {
  const auto entry = co_await load<queue::Entry>(keys_.entry(id));
  if (!entry) co_return tl::unexpected(entry.error());
  if (!*entry) co_return Result<void>{};
  queue::DoneMark mark;
  mark.set_at(now_);
  mark.set_chunks((*entry)->chunks());
  if (auto gone = co_await remove(keys_.entry(id)); !gone) co_return gone;
  builder_.put_fresh(Family::meta, keys_.done(id), mark.SerializeAsString());
  builder_.put_fresh(Family::meta, keys_.due(now_, id), {});
  finished_ = true;
  co_return Result<void>{};
}

Task<Result<void>> QueueChange::settle_dues(std::vector<Bytes> due_keys) {
  for (auto& key : due_keys) {
    if (builder_.bytes() > operation_bytes_max / 2) break;  // the rest is still due
    const auto id = QueueKeys::id_in(key);
    if (auto done = co_await settle_due(id, std::move(key)); !done) co_return done;
  }
  co_return Result<void>{};
}

Task<Result<void>> QueueChange::settle_due(QueueEntryId id, Bytes due_key) {
  if (auto gone = co_await remove(std::move(due_key)); !gone) co_return gone;
  const auto staged = co_await load<queue::StagedMark>(keys_.staged(id));
  if (!staged) co_return tl::unexpected(staged.error());
  if (*staged) {  // never submitted
    sweep_chunks(id, (*staged)->chunks());
    co_return co_await remove(keys_.staged(id));
  }
  auto done = co_await load<queue::DoneMark>(keys_.done(id));
  if (!done) co_return tl::unexpected(done.error());
  if (!*done) co_return Result<void>{};
  auto& mark = **done;
  const auto forget_at = mark.at() + to_micros(done_entry_kept);
  if (forget_at <= now_) co_return co_await remove(keys_.done(id));
  sweep_chunks(id, mark.chunks());  // the removal of the entry is committed: it made this due
  mark.set_chunks(0);
  if (auto marked = co_await put(keys_.done(id), mark.SerializeAsString()); !marked) co_return marked;
  co_return co_await put(keys_.due(forget_at, id), {});
}

void QueueChange::sweep_chunks(QueueEntryId id, std::uint32_t count) {
  for (std::uint32_t index = 0; index < count; ++index) builder_.sweep(Family::body, keys_.chunk(id, index));
}

}  // namespace gridmail
