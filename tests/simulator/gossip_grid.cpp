#include "tests/simulator/gossip_grid.hpp"

#include <algorithm>

namespace gridmail::sim {
namespace {

NodeId id_of(std::size_t number) {
  return *NodeId::from_bytes(blake2b("gossip " + std::to_string(number), 16));
}

Member member_of(std::size_t number) {
  Member member;
  member.id = id_of(number);
  member.public_key = Bytes(32, 'k');
  member.name = "node" + std::to_string(1000 + number);
  member.addresses = {member.name + ".example.test:7000"};
  return member;
}

/// Counts what a node sends.
class CountingPort final : public Network {
 public:
  CountingPort(std::unique_ptr<Network> wire, GossipTraffic& traffic)
      : wire_(std::move(wire)), traffic_(traffic) {}
  void send(NodeId to, Channel channel, std::uint16_t kind, Bytes payload) override {
    count(payload);
    wire_->send(to, channel, kind, std::move(payload));
  }
  void send_datagram(const std::string& address, Bytes payload) override {
    count(payload);
    wire_->send_datagram(address, std::move(payload));
  }
  void on_message(OnMessage handler) override { wire_->on_message(std::move(handler)); }
  void on_datagram(OnDatagram handler) override { wire_->on_datagram(std::move(handler)); }

 private:
  void count(const Bytes& payload) {
    ++traffic_.messages;
    traffic_.bytes += payload.size();
  }
  std::unique_ptr<Network> wire_;
  GossipTraffic& traffic_;
};

}  // namespace

struct GossipGrid::Node {
  NodeId id;
  SimContext context;
  bool awake = false;   // not asked: every node is polled
  const Tamper tamper;  // none
  std::unique_ptr<Network> port;
  std::unique_ptr<Membership> membership;
  bool paused = false;
};

GossipGrid::GossipGrid(std::uint64_t seed, std::size_t members) : random(seed), network(clock, random) {
  keys_.keys = {draw_gossip_key(random)};
  Map map = create_map(member_of(0), 4, Bytes(16, 'g'), {});
  for (std::size_t i = 1; i < members; ++i) {
    MapChange change;
    change.members.push_back({member_of(i)});
    map = apply(map, change);
  }
  const auto shared = std::make_shared<const Map>(std::move(map));
  for (std::size_t i = 0; i < members; ++i) {
    nodes_.push_back(std::make_unique<Node>());
    start(*nodes_.back(), i, shared);
  }
}

GossipGrid::~GossipGrid() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) crash(i);
}

void GossipGrid::start(Node& node, std::size_t number, const MapPtr& map) {
  const auto member = member_of(number);
  node.id = member.id;
  auto wire = std::make_unique<SimPort>(node.context, network.attach(node.id, member.addresses.front()),
                                        node.awake, node.tamper);
  node.port = std::make_unique<CountingPort>(std::move(wire), traffic_);
  Membership::Callbacks callbacks;
  callbacks.on_change = [this](const NodeStatus& status) { heard(status); };
  Membership::Self self{member.id, member.name, member.addresses, "1.0"};
  node.membership = std::make_unique<Membership>(node.context.get_executor(), clock, random, *node.port, self,
                                                 keys_, callbacks);
  node.port->on_message([m = node.membership.get()](NodeId from, std::uint16_t, Bytes payload) {
    m->on_message(from, std::move(payload));
  });
  node.port->on_datagram([m = node.membership.get()](std::string from, Bytes payload) {
    m->on_datagram(std::move(from), std::move(payload));
  });
  node.membership->set_mapped_members(map);
  node.membership->start();
}

void GossipGrid::crash(std::size_t number) {
  auto& node = *nodes_[number];
  if (!node.membership) return;
  // What was ready still runs, and what the membership posts at its end; the node is gone after it.
  for (const bool gone : {false, true}) {
    if (gone) node.membership.reset();
    node.context.restart();
    node.context.poll();
  }
  node.port.reset();
}

void GossipGrid::pause(std::size_t number, bool stopped) {
  nodes_[number]->paused = stopped;
}

bool GossipGrid::is_up(std::size_t number) const {
  return nodes_[number]->membership != nullptr;
}

void GossipGrid::heard(const NodeStatus& status) {
  const auto subject =
      std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& node) { return node->id == status.id; });
  if (subject == nodes_.end() || !(*subject)->membership) return;
  false_deaths_ += status.state == Liveness::dead ? 1 : 0;
  false_suspicions_ += status.state == Liveness::suspect ? 1 : 0;
}

bool GossipGrid::all_see_dead(std::size_t number) const {
  return std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
    return !node->membership || node->id == nodes_[number]->id ||
           node->membership->view()->at(nodes_[number]->id).state == Liveness::dead;
  });
}

void GossipGrid::poll() {
  for (auto& node : nodes_) {
    if (node->paused || !node->membership) continue;
    node->context.restart();
    node->context.poll();
  }
}

bool GossipGrid::run_for(Duration duration, const std::function<bool()>& done) {
  const auto end = clock.now() + duration;
  for (;;) {
    poll();
    if (done && done()) return true;
    if (clock.next_alarm() > end) break;
    clock.ring_next();
  }
  clock.set_now(end);
  return !done;
}

}  // namespace gridmail::sim
