// The other copies' half: being opened, acknowledging, closing the gap of a joining copy.
#include "node/base/log.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {

void Slot::on_open(NodeId from, replication::SlotMessage message) {
  const Epoch epoch = message.epoch();
  if (epoch < row_.epoch) return;
  if (epoch > row_.epoch ||
      must_wait(from)) {  // the map is on its way; or a lease binds this copy to another primary
    open_stash_.emplace(from, std::move(message));
    return;
  }
  if (row_.primary != from || from == context_.self || !row_.holds(context_.self)) return;
  if (copy_.opened_epoch() == epoch) {
    if (!open_on_disk_as_copy_) return;
    auto answer = this->message();
    answer.mutable_opened()->set_whole(copy_.whole());
    send(from, answer);
    return;
  }
  auto& body = *message.mutable_open();
  Copy::Opening opening{.epoch = epoch,
                        .primary = from,
                        .commit = from_record(message.commit()),
                        .tail = from_record(body.tail()),
                        .log_base = body.log_base(),
                        .history = from_record(body.history()),
                        .entries = {},
                        .in_sync = row_.in_sync.contains(context_.self)};
  for (auto& entry : *body.mutable_entries()) {
    PlacedOperation placed{from_record(entry.at()), {}};
    for (auto& write : *entry.mutable_writes()) placed.writes.push_back(from_record(std::move(write)));
    opening.entries.push_back(std::move(placed));
  }
  auto step = copy_.open(std::move(opening));
  if (!step.ok) {
    log(Level::error, "slot.open_refused", {{"slot", id_}, {"epoch", epoch}, {"reason", step.reason}});
    return;
  }
  open_on_disk_as_copy_ = false;
  fill_from_ = context_.clock.now() + std::chrono::milliseconds(body.fill_after_ms());
  whole_at_ = copy_.position().sequence;
  write(std::move(step.batch), [from, epoch, sequence = copy_.position().sequence](Slot& slot) {
    if (slot.row_.epoch != epoch) return;
    slot.open_on_disk_as_copy_ = true;
    slot.durable_ = sequence;
    auto answer = slot.message();
    answer.mutable_opened()->set_whole(slot.copy_.whole());
    slot.send(from, answer);
  });
}

void Slot::on_entry(NodeId, replication::Entry record) {
  if (!open_on_disk_as_copy_) return;
  const Position at = from_record(record.at());
  const Sequence last = copy_.position().sequence;
  if (at.sequence <= last) {
    if (at.sequence <= durable_) acknowledge();
    return;
  }
  if (at.sequence != last + 1) return;  // one before it is missing; the primary sends both again
  PlacedOperation entry{at, {}};
  entry.writes.reserve(static_cast<std::size_t>(record.writes_size()));
  for (auto& write : *record.mutable_writes()) entry.writes.push_back(from_record(std::move(write)));
  Batch batch = copy_.append(std::move(entry), true);
  batch.append(trim_log());
  write(std::move(batch), [epoch = row_.epoch, sequence = at.sequence](Slot& slot) {
    if (slot.row_.epoch != epoch) return;
    slot.durable_ = sequence;
    slot.acknowledge();
  });
}

void Slot::acknowledge() {
  auto answer = message();
  answer.mutable_acknowledge()->set_sequence(durable_);
  send(*row_.primary, answer);
}

void Slot::on_commit(Position commit) {
  copy_.set_commit(commit);
}

void Slot::copy_tick() {
  if (copy_.opened_epoch() != row_.epoch || !open_on_disk_as_copy_ || !row_.joining.contains(context_.self))
    return;
  const auto now = context_.clock.now();
  const bool answered = !fill_asked_ || now - *fill_asked_ >= std::chrono::seconds(1);
  if (!answered) return;
  if (!copy_.whole() && !context_.settings.sabotage.early_whole) {
    if (!fill_from_ || now < *fill_from_) return;
    if (!fill_counted_) {
      if (context_.fills >= context_.settings.fills_max) return;
      fill_counted_ = true;
      ++context_.fills;
    }
    ask_for_fill();
    return;
  }
  // In sync once all that it had received when it became whole is known to be committed.
  if (copy_.commit().sequence < whole_at_) return;
  fill_asked_ = now;
  auto tell = message();
  tell.mutable_complete()->set_sequence(copy_.commit().sequence);
  send(*row_.primary, tell);
}

void Slot::ask_for_fill() {
  fill_asked_ = context_.clock.now();
  auto ask = message();
  *ask.mutable_fill_request()->mutable_at() = copy_.fill();
  send(*row_.primary, ask);
}

void Slot::on_fill_chunk(replication::FillChunk chunk) {
  if (copy_.whole() || !fill_asked_ || !open_on_disk_as_copy_) return;
  if (chunk.at().SerializeAsString() != copy_.fill().SerializeAsString())
    return;  // an answer to an earlier question
  std::vector<SlotWrite> pieces;
  pieces.reserve(static_cast<std::size_t>(chunk.writes_size()));
  for (auto& write : *chunk.mutable_writes()) pieces.push_back(from_record(std::move(write)));
  fill_asked_ = context_.clock.now();
  write(copy_.fill_in(std::move(pieces), std::move(*chunk.mutable_next())), [epoch = row_.epoch](Slot& slot) {
    if (slot.row_.epoch != epoch) return;
    if (!slot.copy_.whole()) return slot.ask_for_fill();
    slot.whole_at_ = slot.copy_.position().sequence;
    slot.fill_asked_.reset();
    if (slot.fill_counted_) {
      slot.fill_counted_ = false;
      --slot.context_.fills;
    }
  });
}

}  // namespace gridmail
