#include "storage/queue/intake_offer.hpp"

#include "gossip/message_kind.hpp"

namespace gridmail {
namespace {

/// Pieces sent to one node and not yet taken: 4 MiB.
constexpr std::size_t window_pieces = 16;

constexpr auto kind = static_cast<std::uint16_t>(MessageKind::intake);

Bytes piece_message(IntakeId id, std::size_t index, std::size_t count, const Bytes& content) {
  queue::IntakeMessage message;
  message.set_id(id.bytes());
  message.mutable_piece()->set_index(static_cast<std::uint32_t>(index));
  message.mutable_piece()->set_count(static_cast<std::uint32_t>(count));
  message.mutable_piece()->set_content(content);
  return message.SerializeAsString();
}

}  // namespace

void send_intake(Network& network, NodeId to, const queue::IntakeMessage& message) {
  network.send(to, Channel::operations, kind, message.SerializeAsString());
}

IntakeOffer::IntakeOffer(Network& network, asio::any_io_executor strand, IntakeId id,
                         const queue::IntakeRecord& record, const std::vector<Bytes>& chunks)
    : network_(network), changed_(std::make_shared<Event>(std::move(strand))) {
  const auto count = chunks.size() + 1;
  messages_.reserve(count);
  messages_.push_back(piece_message(id, 0, count, record.SerializeAsString()));
  for (const auto& chunk : chunks) messages_.push_back(piece_message(id, messages_.size(), count, chunk));
}

void IntakeOffer::ask(NodeId node) {
  auto& taker = takers_[node];
  taker.taken.assign(messages_.size(), false);
  send_more(node, taker);
}

void IntakeOffer::send_more(NodeId node, Taker& taker) {
  while (taker.sent < messages_.size() && taker.under_way < window_pieces) {
    network_.send(node, Channel::operations, kind, messages_[taker.sent]);
    ++taker.sent;
    ++taker.under_way;
  }
}

void IntakeOffer::repeat() {
  for (auto& [node, taker] : takers_) {
    for (std::size_t index = 0; index < taker.sent; ++index) {
      if (!taker.taken[index]) network_.send(node, Channel::operations, kind, messages_[index]);
    }
    // All were taken, but the last acknowledgement, of the whole, was lost or is still to come: one piece
    // asks for it.
    if (taker.under_way == 0) network_.send(node, Channel::operations, kind, messages_.front());
  }
}

void IntakeOffer::on_taken(NodeId from, std::uint32_t index) {
  const auto found = takers_.find(from);
  if (found == takers_.end()) return;
  auto& taker = found->second;
  if (index >= taker.sent || taker.taken[index]) return;
  taker.taken[index] = true;
  --taker.under_way;
  send_more(from, taker);
}

void IntakeOffer::on_stored(NodeId from) {
  if (!takers_.contains(from) || stored_by_) return;
  stored_by_ = from;
  changed_->set();
}

void IntakeOffer::withdraw() {
  withdrawn_ = true;
  changed_->set();
}

std::vector<NodeId> IntakeOffer::asked() const {
  std::vector<NodeId> nodes;
  for (const auto& [node, taker] : takers_) nodes.push_back(node);
  return nodes;
}

}  // namespace gridmail
