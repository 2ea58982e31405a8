#include "storage/queue/egress_service.hpp"

#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include "gossip/message_kind.hpp"
#include "node/base/log.hpp"
#include "storage/queue/outcome_report.hpp"

namespace gridmail {
namespace {

using What = queue::EgressMessage;

constexpr std::size_t under_way_max = 20'000;

}  // namespace

void send_egress_message(Network& network, NodeId to, const queue::EgressMessage& message) {
  network.send(to, Channel::operations, static_cast<std::uint16_t>(MessageKind::egress),
               message.SerializeAsString());
}

/// Marks a parcel as begun, for as long as it lives.
class EgressService::UnderWay {
 public:
  UnderWay(EgressService& owner, Key key) : owner_(owner), key_(std::move(key)) {}
  ~UnderWay() { owner_.under_way_.erase(key_); }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  EgressService& owner_;
  Key key_;
};

Task<void> EgressService::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

void EgressService::on_handed(NodeId from, queue::EgressMessage message) {
  tasks_.spawn(strand_, "take", take(from, std::move(message)));
}

Task<void> EgressService::take(NodeId from, queue::EgressMessage message) {
  const auto id = QueueEntryId::from_bytes(message.entry());
  if (!id) co_return;
  const auto [place, is_new] = under_way_.try_emplace({*id, message.parcel()}, from);
  place->second = from;
  if (!is_new) co_return answer(from, message, What::TAKEN);
  if (message.asked()) ports_.lanes.wake(message.hop(), message.at());
  if (under_way_.size() > under_way_max || !ports_.lanes.has_room(message.hop(), message.sender())) {
    under_way_.erase(place);
    co_return answer(from, message, What::FULL);
  }
  answer(from, message, What::TAKEN);
  co_await send(from, std::move(message), *id);
}

Task<void> EgressService::send(NodeId from, queue::EgressMessage message, QueueEntryId id) {
  const Key key{id, message.parcel()};
  auto what = What::RESTS;
  {
    const UnderWay under_way(*this, key);
    auto lane = co_await ports_.lanes.enter(message.hop(), message.sender());
    if (lane) {
      what = What::DONE;
      co_await send_in_lane(std::move(*lane), message, id);
    }
    from = under_way_.at(key);
  }
  answer(from, message, what);
}

Task<void> EgressService::send_in_lane(DestinationLanes::Lane lane, queue::EgressMessage message,
                                       QueueEntryId id) {
  // Where this fails it was settled, held or handed to another meanwhile, or its slot is away: then its
  // primary asks again.
  auto first = co_await ports_.queue.fetch(id, message.parcel(), message.at(), 0);
  if (!first) co_return;
  const auto broken_off = std::make_shared<std::atomic<bool>>(false);
  const auto sending = std::make_shared<RemoteDelivery::Sending>();
  sending->message = std::move(*first->mutable_message());
  sending->parcel = std::move(*first->mutable_parcel());
  const auto begin = std::make_shared<queue::Fetched>(std::move(*first));
  sending->body = [this, message, id, begin, broken_off] {
    return asio::co_spawn(strand_, fetch_body(message, id, begin, broken_off), asio::use_awaitable);
  };
  sending->may_finish = [this, message, id, broken_off] {
    return asio::co_spawn(strand_, may_finish(message, id, broken_off), asio::use_awaitable);
  };
  auto sent = co_await ports_.remote.send(sending);
  lane.leave(sent.reached);
  if (*broken_off) co_return;  // nothing came of it: whoever may send it finds it as it was
  report_outcomes(ports_.trace, id, sending->message, sent.outcomes);
  const auto settled = co_await ports_.queue.settle(id, message.parcel(), std::move(sent.outcomes));
  if (!settled)
    log(Level::warn, "queue.not_settled",
        {{"id", sending->message.trace()}, {"entry", id.hex()}, {"error", settled.error().text}});
}

/// What goes beyond the first chunk.
Task<Result<RemoteDelivery::HeldBody>> EgressService::fetch_body(
    queue::EgressMessage message, QueueEntryId id, std::shared_ptr<const queue::Fetched> begin,
    std::shared_ptr<std::atomic<bool>> broken_off) {
  const std::uint64_t bytes = std::uint64_t{begin->chunks()} * queue_chunk_bytes;
  auto share = co_await ports_.body_bytes.take(begin->chunks() > 1 ? bytes : begin->content().size());
  RemoteDelivery::HeldBody held;
  held.share = std::move(share);
  held.bytes = begin->content();
  for (std::uint32_t chunk = 1; chunk < begin->chunks(); ++chunk) {
    const auto part = co_await ports_.queue.fetch(id, message.parcel(), message.at(), chunk);
    if (!part) {
      *broken_off = true;
      co_return tl::unexpected(part.error());
    }
    held.bytes += part->content();
  }
  co_return held;
}

Task<bool> EgressService::may_finish(queue::EgressMessage message, QueueEntryId id,
                                     std::shared_ptr<std::atomic<bool>> broken_off) {
  const auto leave = co_await ports_.queue.ask_to_finish(id, message.parcel(), message.at());
  if (!leave) *broken_off = true;
  co_return leave.has_value();
}

void EgressService::answer(NodeId to, const queue::EgressMessage& message, queue::EgressMessage::What what) {
  queue::EgressMessage reply;
  reply.set_what(what);
  reply.set_entry(message.entry());
  reply.set_parcel(message.parcel());
  reply.set_at(message.at());
  send_egress_message(ports_.network, to, reply);
}

}  // namespace gridmail
