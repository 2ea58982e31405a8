// The part of IntakeService that answers the other holders.
#include "node/base/log.hpp"
#include "storage/queue/intake_service.hpp"

namespace gridmail {

void IntakeService::on_message(NodeId from, Bytes payload) {
  tasks_.spawn(strand_, "message", take_message(from, std::move(payload)));
}

Task<void> IntakeService::take_message(NodeId from, Bytes payload) {
  queue::IntakeMessage message;
  if (!message.ParseFromString(payload)) co_return;
  if (message.has_question()) co_return co_await answer(from, std::move(message));
  if (message.has_answer()) co_return take_answer(from, std::move(*message.mutable_answer()));
  const auto id = IntakeId::from_bytes(message.id());
  if (!id || !recovered_) co_return;  // whoever asks will ask again
  const auto offer = offers_.find(*id);
  switch (message.what_case()) {
    case queue::IntakeMessage::kPiece:
      co_return co_await take_piece(from, *id, message.piece());
    case queue::IntakeMessage::kTaken:
      if (offer != offers_.end()) offer->second->on_taken(from, message.taken().index());
      co_return;
    case queue::IntakeMessage::kStored:
      if (offer != offers_.end()) offer->second->on_stored(from);
      co_return;
    case queue::IntakeMessage::kDrop:
      if (message.drop().spare()) co_return co_await take_spare(*id);
      co_return co_await take_drop(*id);
    case queue::IntakeMessage::kHolding:
      // Silence is no answer: only who knows that it was handed over or given up says that it can go.
      if (finished_.contains(*id)) tell_drop(from, *id);
      co_return;
    default:
      co_return;
  }
}

Task<void> IntakeService::take_piece(NodeId from, IntakeId id, queue::Piece piece) {
  // A finished record's late piece must not bring it back; to say "stored" of it breaks no promise.
  if (held_.contains(id) || finished_.contains(id)) co_return tell_stored(from, id);
  if (is_full(ports_.self)) co_return assembly_.forget(id);  // silently: others are asked as well
  if (storing_.contains(id) || !assembly_.add(from, id, piece, ports_.clock.now())) co_return;
  queue::IntakeMessage taken;
  taken.set_id(id.bytes());
  taken.mutable_taken()->set_index(piece.index());
  send_intake(ports_.network, from, taken);
  auto complete = assembly_.take_complete(from, id);
  if (!complete) co_return;

  Held held;
  held.peer = NodeId::from_bytes(complete->record.peer());
  held.second = complete->record.second();
  held.accepted = complete->record.message().accepted();
  storing_[id] = false;
  const auto stored = co_await journal_.put(std::move(complete->record), std::move(complete->chunks));
  const bool spare = storing_.extract(id).mapped();
  if (!stored) {
    log(Level::warn, "intake.store_failed", {{"record", id.hex()}, {"error", stored.error().text}});
    co_return;
  }
  if (spare || finished_.contains(id)) co_return co_await drop(id);
  hold(id, held);
  tell_stored(from, id);
}

Task<void> IntakeService::take_drop(IntakeId id) {
  remember_finished(id);
  return let_go(id);
}

/// Unlike a finished one, a spare record may be offered again: once one of its holders is gone.
Task<void> IntakeService::take_spare(IntakeId id) {
  if (const auto storing = storing_.find(id); storing != storing_.end()) storing->second = true;
  return let_go(id);
}

Task<void> IntakeService::let_go(IntakeId id) {
  assembly_.forget(id);
  const auto held = held_.find(id);
  if (held == held_.end()) co_return;
  held->second.dropped = true;
  if (!held->second.busy) co_await drop(id);
}

void IntakeService::tell_stored(NodeId to, IntakeId id) {
  queue::IntakeMessage message;
  message.set_id(id.bytes());
  message.mutable_stored();
  send_intake(ports_.network, to, message);
}

void IntakeService::tell_drop(NodeId to, IntakeId id, bool spare) {
  queue::IntakeMessage message;
  message.set_id(id.bytes());
  message.mutable_drop()->set_spare(spare);
  send_intake(ports_.network, to, message);
}

}  // namespace gridmail
