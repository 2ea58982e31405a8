// The probing half of Swim (SWIM, sections 3.1 and 4).
#include "gossip/membership/node_record.hpp"
#include "gossip/membership/swim.hpp"

namespace gridmail {
namespace {

constexpr std::size_t text_bytes_max = 1200 - DatagramSealer::overhead_bytes;
constexpr std::size_t relays_max = 1024;

}  // namespace

void Swim::probe_next() {
  conclude_probe();
  probe_timer_.set_after(settings_.probe_period, [this] { probe_next(); });
  const auto target = order_.next(roster_.others(false), random_);
  if (target) {
    probe_ = Probe{++last_number_, *target, false};
    ping(*target, address_of(*target), probe_->number);
    indirect_timer_.set_after(settings_.probe_timeout, [this] { probe_indirectly(); });
  }
  std::erase_if(relays_, [&](const auto& relay) { return relay.second.until < clock_.now(); });
  publish();
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
  for (std::size_t i = 0; i < std::min(settings_.indirect_probes, others.size()); ++i) {
    const auto helper = order.next(others, random_);
    send(*helper, address_of(*helper), datagram);
  }
  ping(probe_->target, address_of(probe_->target),
       probe_->number);  // the first one may simply have been lost
}

/// At the end of the period: whoever neither answered nor let others answer for it is suspected.
void Swim::conclude_probe() {
  if (probe_ && !probe_->answered) suspect(probe_->target);
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
  const auto opened = sealer_.open(payload);
  gossip::SwimDatagram datagram;
  // Anybody may send anything to this port: what is not ours is dropped without a word.
  if (!opened || roster_.is_removed(opened->from) || !datagram.ParseFromString(opened->text)) return;
  for (const auto& rumour : datagram.rumours()) hear(rumour);
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
  relays_[number] = Relay{from, address, request.number(), clock_.now() + settings_.probe_period};
  ping(*target, address_of(*target), number);
}

void Swim::on_ack(const gossip::Ack& ack) {
  if (probe_ && ack.number() == probe_->number) probe_->answered = true;
  const auto relay = relays_.extract(ack.number());
  if (relay.empty()) return;
  gossip::SwimDatagram datagram;
  datagram.mutable_ack()->set_number(relay.mapped().number);
  send(relay.mapped().asker, relay.mapped().address, std::move(datagram));
}

/// Probes alone spread news too slowly for a suspicion to be refuted in time.
void Swim::spread_news() {
  const auto others = roster_.others(false);
  ProbeOrder order;
  for (std::size_t i = 0; i < std::min(settings_.gossip_nodes, others.size()) && !rumours_.empty(); ++i) {
    const auto node = order.next(others, random_);
    send(*node, address_of(*node), {});
  }
  if (!rumours_.empty() && !others.empty()) {
    gossip_timer_.set_after(settings_.gossip_period, [this] { spread_news(); });
  }
}

void Swim::send(NodeId to, const std::string& address, gossip::SwimDatagram datagram) {
  if (address.empty()) return;
  add_rumours(to, datagram);
  network_.send_datagram(address, sealer_.seal(datagram.SerializeAsString()));
}

/// First what is believed of the receiver when it is in doubt, so that it can refute; then ourselves; then
/// news, as much as fits.
void Swim::add_rumours(NodeId to, gossip::SwimDatagram& datagram) {
  std::size_t bytes = datagram.ByteSizeLong();
  const auto add = [&](const NodeStatus& status) {
    gossip::NodeRecord record;
    write_node(status, record);
    const auto size = record.ByteSizeLong() + 3;  // tag and length
    if (bytes + size > text_bytes_max) return false;
    bytes += size;
    *datagram.add_rumours() = std::move(record);
    return true;
  };
  const auto* receiver = roster_.find(to);
  if (receiver != nullptr && receiver->state != Liveness::alive) add(*receiver);
  add(roster_.self());
  const auto limit = transmission_limit(settings_, roster_.all().size());
  for (const auto& node : rumours_.in_order()) {
    if (node == to || node == self_id_) {
      if (node == self_id_) rumours_.told(node, limit);  // it went along already
      continue;
    }
    const auto* status = roster_.find(node);
    if (status == nullptr || !add(*status)) break;
    rumours_.told(node, limit);
  }
}

/// Of several addresses each is tried in turn.
std::string Swim::address_of(NodeId node) {
  const auto* status = roster_.find(node);
  if (status == nullptr || status->addresses.empty()) return {};
  const auto& addresses = status->addresses;
  return addresses[next_address_[node]++ % addresses.size()];
}

}  // namespace gridmail
