// Combining what is left of a slot, once its last in-sync copy is lost: the combining copy's half, and that
// of those which hold the rest. What is to be done next is decided in combination.cpp.
#include "node/base/log.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {
namespace {

constexpr auto survey_again = std::chrono::seconds(1);

using gridmail::from_record;
using gridmail::to_record;

void to_record(const Holding& holding, replication::Holding& record) {
  record.set_opened(holding.opened);
  record.set_whole(holding.whole);
  if (holding.complete_to) *record.mutable_complete_to() = to_record(*holding.complete_to);
  *record.mutable_base() = to_record(holding.base);
  *record.mutable_position() = to_record(holding.position);
  *record.mutable_commit() = to_record(holding.commit);
  to_record(holding.history, *record.mutable_history());
}

Holding from_record(const replication::Holding& record) {
  Holding holding;
  holding.opened = record.opened();
  holding.whole = record.whole();
  if (record.has_complete_to()) holding.complete_to = from_record(record.complete_to());
  holding.base = from_record(record.base());
  holding.position = from_record(record.position());
  holding.commit = from_record(record.commit());
  holding.history = from_record(record.history());
  return holding;
}

}  // namespace

/// Messages of an epoch without a primary.
void Slot::on_combining_message(NodeId from, replication::SlotMessage message) {
  const bool of_combiner = from == row_.combining && !must_wait(from);
  switch (message.body_case()) {
    case replication::SlotMessage::kCombineAsk:
      if (of_combiner && context_.disk_checked &&
          context_.marks.knows(from, message.combine_ask().incarnation())) {
        answer_holding(from, message.combine_ask().after());
      }
      break;
    case replication::SlotMessage::kFillRequest:
      if (of_combiner) serve(from, std::move(*message.mutable_fill_request()->mutable_at()));
      break;
    case replication::SlotMessage::kHolding:
      if (combining_ && context_.marks.knows(from, message.holding().incarnation()))
        on_holding(from, std::move(*message.mutable_holding()));
      break;
    case replication::SlotMessage::kFillChunk:
      if (combining_) on_combining_chunk(std::move(*message.mutable_fill_chunk()));
      break;
    default:
      break;
  }
}

// --- those that are asked

/// What is said rests on the disk: memory may be ahead of it.
void Slot::answer_holding(NodeId to, Sequence after) {
  write(copy_.rewrite(), [to, after, epoch = row_.epoch](Slot& slot) {
    if (slot.row_.epoch != epoch) return;
    auto answer = slot.message();
    auto& holding = *answer.mutable_holding();
    to_record(holding_of(slot.copy_), holding);
    holding.set_incarnation(slot.context_.marks.newest().start);
    if (slot.copy_.opened_primary()) holding.set_opened_primary(slot.copy_.opened_primary()->bytes());
    std::size_t bytes = 0;
    for (const auto& entry : slot.copy_.tail()) {
      if (entry.at.sequence <= after) continue;
      if (bytes >= slot.context_.settings.open_bytes) break;
      bytes += entry.bytes();
      to_record(entry, *holding.add_entries());
    }
    slot.send(to, answer);
  });
}

// --- the one that combines

void Slot::combine_tick() {
  if (must_wait(context_.self) || !context_.disk_checked) return;
  if (!combining_) combining_.emplace();
  if (combining_->writing || combining_->finished) return;
  NodeSet missing;
  for (const auto* set : {&row_.retired, &row_.joining, &row_.partial}) {
    for (const auto& node : *set) {
      if (node != context_.self && !combining_->holdings.contains(node)) missing.insert(node);
    }
  }
  if (missing.empty() || context_.settings.sabotage.combine_early) return combine_on();
  const auto now = context_.clock.now();
  if (combining_->asked && now - *combining_->asked < context_.settings.resend) return;
  combining_->asked = now;
  for (const auto& node : missing) ask_holding(node, UINT64_MAX);
}

void Slot::ask_holding(NodeId from, Sequence after) {
  auto ask = message();
  ask.mutable_combine_ask()->set_after(after);
  ask.mutable_combine_ask()->set_incarnation(context_.marks.newest().start);
  send(from, ask);
}

void Slot::on_holding(NodeId from, replication::Holding record) {
  auto& state = *combining_;
  state.holdings[from] = from_record(record);
  if (const auto primary = NodeId::from_bytes(record.opened_primary())) state.opened_by[from] = *primary;
  if (from == state.tail_of) {
    for (auto& entry : *record.mutable_entries()) {
      const Sequence last =
          state.tail.empty() ? state.holdings[from].commit.sequence : state.tail.back().at.sequence;
      if (entry.at().sequence() == last + 1) state.tail.push_back(from_record(std::move(entry)));
    }
    state.asked.reset();
  }
  combine_tick();
}

/// All have answered: the next step.
void Slot::combine_on() {
  auto& state = *combining_;
  state.holdings[context_.self] = holding_of(copy_);
  const auto next = combine(state.holdings);
  if (!next) {
    if (!state.hopeless) {
      log(Level::error, "slot.cannot_combine", {{"slot", id_}, {"epoch", row_.epoch}});
    }
    state.hopeless = true;
    return;
  }
  state.heir.reset();
  if (next->maker != context_.self) {
    state.heir = next->maker;
    return;
  }
  if (next->finished) return finish_combining();
  if (next->take_log) return take_over_log(next->last);
  if (!copy_.whole()) ask_for_gap(next->sources);
}

void Slot::finish_combining() {
  combining_->writing = true;
  write(copy_.rewrite(), [epoch = row_.epoch](Slot& slot) {
    if (slot.row_.epoch != epoch) return;
    slot.combining_->writing = false;
    slot.combining_->finished = true;
    log(Level::info, "slot.combined", {{"slot", slot.id_}, {"sequence", slot.copy_.position().sequence}});
  });
}

/// As if the one opened last were a primary that opens this copy: takes back what it lacks, gets its tail.
/// The gap comes next.
void Slot::take_over_log(NodeId last) {
  auto& state = *combining_;
  const Holding& decides = state.holdings[last];
  if (state.tail_of != last) {
    state.tail_of = last;
    state.tail.clear();
  }
  const Sequence have = state.tail.empty() ? decides.commit.sequence : state.tail.back().at.sequence;
  if (have < decides.position.sequence) {
    const auto now = context_.clock.now();
    if (state.asked && now - *state.asked < survey_again) return;
    state.asked = now;
    return ask_holding(last, have);
  }
  Copy::Opening opening{.epoch = decides.opened,
                        .primary = state.opened_by[last],
                        .incarnation = 0,
                        .commit = decides.commit,
                        .tail = decides.position,
                        .log_base = 0,
                        .history = decides.history,
                        .entries = std::move(state.tail),
                        .in_sync = false};
  state.tail_of.reset();
  state.tail.clear();
  auto step = copy_.open(std::move(opening));
  GRIDMAIL_ASSERT(step.ok);  // combine() looked
  write_step(std::move(step.batch));
}

void Slot::ask_for_gap(const std::vector<Combination::Source>& sources) {
  auto& state = *combining_;
  const auto now = context_.clock.now();
  if (state.asked && now - *state.asked < survey_again) return;
  state.asked = now;
  if (!has_room_to_fill()) return;
  const Sequence first = copy_.fill().next_sequence();
  for (const auto& source : sources) {
    if (source.to < first) continue;
    auto ask = message();
    auto& at = *ask.mutable_fill_request()->mutable_at();
    at = copy_.fill();
    at.set_last_sequence(std::min(source.to, at.last_sequence()));
    send(source.node, ask);
    return;
  }
}

void Slot::on_combining_chunk(replication::FillChunk chunk) {
  auto& state = *combining_;
  if (state.writing || copy_.whole() || chunk.at().next_sequence() != copy_.fill().next_sequence()) return;
  auto next = copy_.fill();
  next.set_next_sequence(chunk.next().next_sequence());
  next.set_done(next.next_sequence() > next.last_sequence());
  std::vector<SlotWrite> pieces;
  pieces.reserve(static_cast<std::size_t>(chunk.writes_size()));
  for (auto& piece : *chunk.mutable_writes()) pieces.push_back(from_record(std::move(piece)));
  write_step(copy_.fill_in(std::move(pieces), std::move(next)));
}

void Slot::write_step(Batch batch) {
  combining_->writing = true;
  write(std::move(batch), [epoch = row_.epoch](Slot& slot) {
    if (slot.row_.epoch != epoch) return;
    slot.combining_->writing = false;
    slot.combining_->asked.reset();
    slot.combine_tick();
  });
}

}  // namespace gridmail
