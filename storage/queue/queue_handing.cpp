// The part of QueueSender that hands parcels over to the nodes that send them.
#include <asio/post.hpp>

#include "node/base/log.hpp"
#include "storage/queue/queue_sender.hpp"

namespace gridmail {
namespace {

using What = queue::EgressMessage;

constexpr Duration said_again_every = std::chrono::seconds(2);
/// From who has not been heard for so long another node takes over; who may have sent the end of data has
/// longer.
constexpr Duration silence_max = std::chrono::seconds(6);
constexpr Duration silence_when_finishing_max = std::chrono::seconds(30);
constexpr Duration pause_when_full = std::chrono::seconds(1);
constexpr Duration pause_when_it_rests = std::chrono::seconds(5);

queue::EgressMessage hand_message(const QueueKeys::OutgoingDue& due, const std::string& hop,
                                  const queue::Waiting& waiting) {
  queue::EgressMessage message;
  message.set_what(What::HAND);
  message.set_entry(due.id.bytes());
  message.set_parcel(due.number);
  message.set_at(due.at);
  message.set_hop(hop);
  message.set_asked(waiting.asked());
  message.set_sender(waiting.sender());
  return message;
}

QueueKeys::OutgoingDue parcel_key(QueueEntryId id, std::uint32_t number) {
  return {0, id, QueueKeys::Outgoing::parcel, number};
}

/// Nothing: it is gone, or held.
Task<std::optional<WallMicros>> next_attempt_of(QueueSlotPtr slot, QueueKeys::OutgoingDue due) {
  const auto value =
      co_await slot->access->snapshot()->get(Family::meta, slot->keys.parcel(due.id, due.number));
  const auto parcel = decode_stored<queue::Parcel>(value);
  if (!parcel || !*parcel || (*parcel)->held()) co_return std::nullopt;
  co_return (*parcel)->next_attempt();
}

template <class Asked>
Result<QueueKeys::OutgoingDue> due_of(const Asked& asked) {
  const auto id = QueueEntryId::from_bytes(asked.entry());
  if (!id) return fail(Errc::invalid, "a queue entry's id has 16 bytes");
  return QueueKeys::OutgoingDue{asked.at(), *id, QueueKeys::Outgoing::parcel, asked.parcel()};
}

}  // namespace

Task<void> QueueSender::hand_over(OpenSlotPtr slot, Due due, Direction direction, queue::Waiting waiting) {
  UnderWay under_way(*this, slot, due, Way(direction.hop, waiting.sender()));
  const auto to = *direction.node;
  const auto handed = std::make_shared<Handed>(to, due.at, slot->queue->access->executor());
  slot->under_way[due.without_time()] = handed;
  const auto message = hand_message(due, direction.hop, waiting);
  auto heard_at = ports_.clock.now();
  auto said_at = heard_at - said_again_every;
  for (;;) {
    handed->heard->reset();
    if (ports_.clock.now() >= said_at + said_again_every) {
      send_egress_message(ports_.egress.network, to, message);
      said_at = ports_.clock.now();
    }
    const bool is_wanted = co_await wait_for_news(slot, due, handed);
    if (!is_wanted) {
      // Whoever changed it may have had it looked at before, when it was still under way here.
      under_way.next = co_await next_attempt_of(slot->queue, due);
      co_return;
    }
    const auto answer = std::exchange(handed->answer, std::nullopt);
    if (answer) heard_at = ports_.clock.now();
    const auto silence = handed->finishing ? silence_when_finishing_max : silence_max;
    if (answer == What::DONE && handed->unreadable)
      co_return co_await put_off_within(&under_way, "the message cannot be read");
    if (answer == What::DONE) co_return;  // and nothing came of it
    if (answer == What::FULL && !handed->finishing) {
      directions_.pause(direction.hop, pause_when_full, false);
      co_return;
    }
    if (answer == What::RESTS && !handed->finishing) {
      directions_.pause(direction.hop, pause_when_it_rests, true);
      co_return co_await wait_for_rest(&under_way, direction.hop, ports_.clock.now() + pause_when_it_rests);
    }
    if (ports_.clock.now() - heard_at > silence) {
      log(Level::info, "queue.egress_silent", {{"entry", due.id.hex()}, {"node", to.hex()}});
      co_return;
    }
  }
}

Task<bool> QueueSender::wait_for_news(OpenSlotPtr slot, Due due, HandedPtr handed) {
  co_await before(ports_.clock, ports_.clock.now() + said_again_every, handed->heard);
  const auto key = slot->queue->keys.parcel(due.id, due.number);
  const auto value = co_await slot->queue->access->snapshot()->get(Family::meta, key);
  const auto parcel = decode_stored<queue::Parcel>(value);
  const bool is_wanted = parcel && *parcel && !(*parcel)->held() && (*parcel)->next_attempt() == due.at;
  co_return is_wanted && !slot->queue->is_over();
}

void QueueSender::on_egress(NodeId from, BytesView payload) {
  queue::EgressMessage message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return;
  if (message.what() == What::HAND) return egress_.on_handed(from, std::move(message));
  const auto id = QueueEntryId::from_bytes(message.entry());
  if (!id) return;
  OpenSlotPtr slot;
  {
    const std::lock_guard lock(guard_);
    const auto found = open_.find(ports_.queue.slot_of(*id));
    if (found == open_.end()) return;
    slot = found->second;
  }
  asio::post(slot->queue->access->executor(), [slot, from, message, key = parcel_key(*id, message.parcel())] {
    const auto found = slot->under_way.find(key);
    if (found == slot->under_way.end() || !found->second) return;
    auto& handed = *found->second;
    if (handed.to != from || handed.at != message.at()) return;
    handed.answer = message.what();
    handed.heard->set();
  });
}

QueueSender::HandedPtr QueueSender::handed_to(const QueueSlotPtr& slot, NodeId node, Due due) {
  const auto state = find(slot);
  const auto found = state->under_way.find(due.without_time());
  const bool is_it = found != state->under_way.end() && found->second && found->second->to == node &&
                     found->second->at == due.at;
  return is_it ? found->second : nullptr;
}

Task<Result<Bytes>> QueueSender::fetch(QueueSlotPtr slot, NodeId from,
                                       std::shared_ptr<const queue::Request> request) {
  const auto due = due_of(request->fetch());
  if (!due) co_return tl::unexpected(due.error());
  const auto handed = handed_to(slot, from, *due);
  if (!handed) co_return fail(Errc::conflict, "not handed to this node");
  const auto snapshot = slot->access->snapshot();
  const auto value = co_await snapshot->get(Family::meta, slot->keys.entry(due->id));
  auto entry = decode_stored<queue::Entry>(value);
  if (!entry) co_return tl::unexpected(entry.error());
  const auto parcel_value = co_await snapshot->get(Family::meta, slot->keys.parcel(due->id, due->number));
  auto parcel = decode_stored<queue::Parcel>(parcel_value);
  if (!parcel) co_return tl::unexpected(parcel.error());
  if (!*entry || !*parcel) co_return fail(Errc::conflict, "settled or removed meanwhile");
  queue::Fetched fetched;
  const auto index = request->fetch().chunk();
  if (index < (*entry)->chunks()) {
    auto chunk = co_await snapshot->get(Family::body, slot->keys.chunk(due->id, index));
    if (!chunk) co_return tl::unexpected(chunk.error());
    if (!*chunk) {
      log(Level::error, "queue.unreadable", {{"entry", due->id.hex()}});
      handed->unreadable = true;
      co_return fail(Errc::conflict, "a chunk is missing");
    }
    fetched.set_content(std::move(**chunk));
  }
  if (index == 0) {
    *fetched.mutable_message() = std::move(*(*entry)->mutable_message());
    *fetched.mutable_parcel() = std::move(**parcel);
    fetched.set_chunks((*entry)->chunks());
  }
  co_return fetched.SerializeAsString();
}

Task<Result<Bytes>> QueueSender::finish(QueueSlotPtr slot, NodeId from,
                                        std::shared_ptr<const queue::Request> request) {
  const auto due = due_of(request->finish());
  if (!due) co_return tl::unexpected(due.error());
  const bool may = co_await wait_for_leave(find(slot), *due);
  const auto handed = handed_to(slot, from, *due);
  if (!may || !handed) co_return fail(Errc::conflict, "not to be sent by this node");
  handed->finishing = true;
  co_return Bytes();
}

}  // namespace gridmail
