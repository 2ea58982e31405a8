// The probing half of Swim (SWIM, sections 3.1 and 4).
#include "gossip/membership/swim.hpp"

namespace gridmail {
namespace {

constexpr std::size_t relays_max = 1024;

}  // namespace

void Swim::probe_next() {
  if (stood_still(probe_due_)) probe_.reset();
  conclude_probe();
  forget_duplicate_of_self();
  probe_due_ = clock_.now() + health_.stretch(settings_.probe_period);
  probe_timer_.set_at(probe_due_, [this] { probe_next(); });
  const auto target = next_target();
  if (target) {
    probe_ = Probe{++last_number_, *target};
    ping(*target, address_of(*target), probe_->number);
    indirect_timer_.set_after(health_.stretch(settings_.probe_timeout), [this] { probe_indirectly(); });
  }
  std::erase_if(relays_, [&](const auto& relay) { return relay.second.until < clock_.now(); });
  publish(figures_changed_);
}

/// Every other probe goes to the next member in the order of ids, so that a death is noticed within two
/// periods however large the grid; the others go to everybody in random order (SWIM, section 4.3), so that no
/// one node's judgement is all there is.
std::optional<NodeId> Swim::next_target() {
  ring_turn_ = !ring_turn_;
  if (ring_turn_) {
    if (const auto next = next_in_ring()) return next;
  }
  return order_.next(roster_.others(false), random_);
}

/// Who is suspected is being looked at already; its place in the ring is whoever comes next.
std::optional<NodeId> Swim::next_in_ring() const {
  std::optional<NodeId> first, next;
  for (const auto& [id, status] : roster_.all()) {
    if (id == self_id_ || status.state != Liveness::alive) continue;
    if (!first) first = id;
    if (!next && self_id_ < id) next = id;
  }
  return next ? next : first;
}

void Swim::probe_indirectly() {
  if (!probe_ || probe_->answered) return;
  const auto* target = roster_.find(probe_->target);
  if (target == nullptr) return;
  gossip::SwimDatagram datagram;
  auto& request = *datagram.mutable_ping_request();
  request.set_number(probe_->number);
  request.set_target(probe_->target.bytes());
  request.set_address(address_of(probe_->target));
  auto others = roster_.others(false);
  std::erase(others, probe_->target);
  ProbeOrder order;
  probe_->helpers = std::min(settings_.indirect_probes, others.size());
  for (std::size_t i = 0; i < probe_->helpers; ++i) {
    const auto helper = order.next(others, random_);
    send(*helper, address_of(*helper), datagram);
  }
  ping(probe_->target, address_of(probe_->target),
       probe_->number);  // the first one may simply have been lost
}

/// At the end of the period: whoever neither answered nor let others answer for it is suspected. Helpers that
/// sent no word either speak against this node's own health (Lifeguard, section IV.A).
void Swim::conclude_probe() {
  if (!probe_) return;
  if (probe_->answered) {
    health_.improve();
  } else {
    if (probe_->helpers == 0) health_.worsen();
    if (probe_->nacks < probe_->helpers) health_.worsen(probe_->helpers - probe_->nacks);
    suspect(probe_->target);
  }
  probe_.reset();
}

/// The dead are asked for ever, more rarely: so partitions heal. The answer brings a higher incarnation with
/// it, as the ping says what is believed of its target.
void Swim::probe_a_dead_one() {
  dead_timer_.set_after(settings_.dead_probe_period, [this] { probe_a_dead_one(); });
  const auto target = dead_order_.next(roster_.others(true), random_);
  if (target) ping(*target, address_of(*target), ++last_number_);
}

void Swim::ping(NodeId target, const std::string& address, std::uint64_t number) {
  gossip::SwimDatagram datagram;
  datagram.mutable_ping()->set_number(number);
  datagram.mutable_ping()->set_target(target.bytes());
  send(target, address, std::move(datagram));
}

void Swim::on_datagram(const std::string& address, const Bytes& payload) {
  if (!running_) return;
  const auto opened = sealer_.open(payload, clock_.now());
  gossip::SwimDatagram datagram;
  // Anybody may send anything to this port: what is not ours is dropped without a word.
  if (!opened || roster_.is_removed(opened->from) || !datagram.ParseFromString(opened->text)) return;
  watch_for_duplicates(opened->from, address);
  for (const auto& rumour : datagram.rumours()) {
    hear(rumour);
    if (rumour.id() == opened->from.view()) notice_outdated(opened->from, rumour.incarnation());
  }
  using Body = gossip::SwimDatagram;
  switch (datagram.body_case()) {
    case Body::kPing:
      on_ping(opened->from, address, datagram.ping());
      break;
    case Body::kPingRequest:
      on_ping_request(opened->from, address, datagram.ping_request());
      break;
    case Body::kAck:
      on_ack(datagram.ack());
      break;
    case Body::kNack:
      if (probe_ && datagram.nack().number() == probe_->number) ++probe_->nacks;
      break;
    case Body::BODY_NOT_SET:
      break;
  }
  publish();
}

void Swim::on_ping(NodeId from, const std::string& address, const gossip::Ping& ping) {
  if (ping.target() != self_id_.view() || !is_working()) return;
  gossip::SwimDatagram datagram;
  datagram.mutable_ack()->set_number(ping.number());
  send(from, address, std::move(datagram));
}

void Swim::on_ping_request(NodeId from, const std::string& address, const gossip::PingRequest& request) {
  const auto target = NodeId::from_bytes(request.target());
  // Only members are probed for others: nobody shall make this node send datagrams anywhere.
  if (!target || roster_.find(*target) == nullptr || relays_.size() >= relays_max || !is_working()) return;
  const auto number = ++last_number_;
  const auto now = clock_.now();
  // The asker counts the answers at the end of its period.
  const auto nack_at = now + (settings_.probe_period - settings_.probe_timeout) / 2;
  relays_[number] = Relay{from, address, request.number(), now + settings_.probe_period, nack_at};
  if (!relay_timer_.is_set()) relay_timer_.set_at(nack_at, [this] { send_nacks(); });
  ping(*target, address_of(*target), number);
}

/// The target may answer yet, and then the asker hears that too.
void Swim::send_nacks() {
  for (auto& [number, relay] : relays_) {
    if (relay.nacked) continue;
    if (relay.nack_at > clock_.now()) {
      relay_timer_.set_at(relay.nack_at, [this] { send_nacks(); });
      return;  // in the order in which they came
    }
    relay.nacked = true;
    gossip::SwimDatagram datagram;
    datagram.mutable_nack()->set_number(relay.number);
    send(relay.asker, relay.address, std::move(datagram));
  }
}

void Swim::on_ack(const gossip::Ack& ack) {
  if (probe_ && ack.number() == probe_->number) probe_->answered = true;
  for (auto& [node, check] : checks_) check.answered |= check.number == ack.number();
  const auto relay = relays_.extract(ack.number());
  if (relay.empty()) return;
  gossip::SwimDatagram datagram;
  datagram.mutable_ack()->set_number(relay.mapped().number);
  send(relay.mapped().asker, relay.mapped().address, std::move(datagram));
}

}  // namespace gridmail
