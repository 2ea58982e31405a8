// What Swim puts into its datagrams (SWIM, section 4.1).
#include "gossip/membership/node_record.hpp"
#include "gossip/membership/swim.hpp"

namespace gridmail {
namespace {

constexpr std::size_t text_bytes_max = 1200 - DatagramSealer::overhead_bytes;

}  // namespace

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
  if (address.empty() || !sealer_.can_seal()) return;
  add_rumours(to, datagram);
  network_.send_datagram(address, sealer_.seal(datagram.SerializeAsString()));
}

gossip::NodeRecord Swim::record_of(const NodeStatus& status) const {
  gossip::NodeRecord record;
  write_node(status, record);
  const auto suspicion = suspicions_.find(status.id);
  if (status.state != Liveness::suspect || suspicion == suspicions_.end()) return record;
  for (const auto& node : suspicion->second.by()) record.mutable_suspected_by()->append(node.view());
  return record;
}

/// First what is believed of the receiver when it is in doubt, so that it can refute; then ourselves; then
/// news, as much as fits; then old news of a few others, so that figures reach everybody and what somebody
/// missed is mended.
void Swim::add_rumours(NodeId to, gossip::SwimDatagram& datagram) {
  std::size_t bytes = datagram.ByteSizeLong();
  const auto add = [&](const NodeStatus& status) {
    gossip::NodeRecord record = record_of(status);
    const auto size = record.ByteSizeLong() + 3;  // tag and length
    if (bytes + size > text_bytes_max) return false;
    bytes += size;
    *datagram.add_rumours() = std::move(record);
    return true;
  };
  const auto* receiver = roster_.find(to);
  if (receiver != nullptr && (receiver->state != Liveness::alive || outdated_.contains(to))) add(*receiver);
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
  std::vector<NodeId> heard;
  for (const auto& [id, status] : roster_.all()) {
    if (status.heard && id != self_id_ && id != to) heard.push_back(id);
  }
  for (std::size_t i = 0; i < std::min(settings_.old_news, heard.size()); ++i) {
    if (!add(*roster_.find(*old_news_.next(heard, random_)))) break;
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
