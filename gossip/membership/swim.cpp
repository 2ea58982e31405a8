#include "gossip/membership/swim.hpp"

#include "gossip/membership/node_record.hpp"
#include "gossip/message_kind.hpp"
#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr std::size_t exchange_bytes_max = std::size_t{4} << 20;

NodeStatus status_of(const Membership::Self& self, std::uint64_t incarnation, TimePoint now) {
  NodeStatus status;
  status.id = self.id;
  status.name = self.name;
  status.addresses = self.addresses;
  status.program_version = self.program_version;
  status.incarnation = incarnation;
  status.since = now;
  status.heard = true;
  return status;
}

/// Rises from one life of a node to the next; should its clock have been set back, refuting makes up for it.
std::uint64_t life_number(const Clock& clock) {
  return static_cast<std::uint64_t>(std::max<WallMicros>(1, clock.wall()));
}

}  // namespace

Swim::Swim(asio::any_io_executor strand, Clock& clock, Random& random, Network& network,
           Membership::Self self, KeyRing keys, Membership::Callbacks callbacks, SwimSettings settings)
    : strand_(strand),
      clock_(clock),
      random_(random),
      network_(network),
      self_id_(self.id),
      callbacks_(std::move(callbacks)),
      settings_(settings),
      roster_(status_of(self, life_number(clock), clock.now())),
      sealer_(self.id, life_number(clock), std::move(keys), random),
      last_number_(random.u64() >> 1),
      probe_timer_(strand, clock),
      indirect_timer_(strand, clock),
      dead_timer_(strand, clock),
      gossip_timer_(strand, clock),
      suspicion_timer_(strand, clock),
      exchange_timer_(strand, clock),
      view_(std::make_shared<const MembershipView>(roster_.all())) {}

void Swim::start() {
  running_ = true;
  // Somewhere within the first period, so that nodes that start together do not probe together.
  const auto first = Duration(
      static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(settings_.probe_period.count()))));
  probe_timer_.set_after(first, [this] { probe_next(); });
  dead_timer_.set_after(settings_.dead_probe_period, [this] { probe_a_dead_one(); });
  exchange_timer_.set_after(settings_.exchange_period, [this] { exchange_at_random(); });
  introduce();
}

void Swim::stop() {
  running_ = false;
  for (auto* timer :
       {&probe_timer_, &indirect_timer_, &dead_timer_, &gossip_timer_, &suspicion_timer_, &exchange_timer_}) {
    timer->cancel();
  }
}

void Swim::set_mapped_members(const MapPtr& map) {
  const auto known = roster_.all();
  roster_.set_members(*map, clock_.now());
  for (const auto& [node, status] : known) {
    if (roster_.find(node) != nullptr) continue;
    rumours_.forget(node);
    suspicions_.erase(node);
  }
  auto& self = roster_.self();
  if (map->version > self.figures.map_version) {
    self.figures.map_version = map->version;
    ++self.revision;
    rumours_.spread(self_id_);
  }
  figures_changed_ = true;
  publish();
  if (running_ && known.size() == 1) introduce();
}

void Swim::set_load(double load, std::uint64_t disk_free_bytes) {
  auto& self = roster_.self();
  self.figures.load = load;
  self.figures.disk_free_bytes = disk_free_bytes;
  ++self.revision;  // told with each of our own datagrams, not spread further
  figures_changed_ = true;
  publish();
}

// ---- what others say

void Swim::hear(const gossip::NodeRecord& record) {
  const auto rumour = read_node(record);
  if (!rumour || roster_.is_removed(rumour->id)) return;
  if (rumour->id == self_id_) return hear_of_self(*rumour);
  notice_newer_map(*rumour);
  const auto news = roster_.hear(*rumour, clock_.now());
  if (news == Roster::News::none) return;
  figures_changed_ = true;
  if (news != Roster::News::state) return;
  suspicions_.erase(rumour->id);
  if (roster_.find(rumour->id)->state == Liveness::suspect) {
    suspicions_[rumour->id] = clock_.now() + suspicion_timeout(settings_, roster_.all().size());
    tell_suspect(rumour->id);
  }
  arm_suspicions();
  changed(rumour->id);
}

/// A suspicion of this very node is refuted by a higher incarnation (SWIM, section 4.2), unless it is right.
void Swim::hear_of_self(const NodeStatus& rumour) {
  auto& self = roster_.self();
  const bool doubted = rumour.state != Liveness::alive && rumour.incarnation >= self.incarnation;
  const bool outlived =
      rumour.incarnation > self.incarnation;  // by words of a former life, with a later clock
  if ((!doubted && !outlived) || !is_working()) return;
  self.incarnation = rumour.incarnation + 1;
  figures_changed_ = true;
  rumours_.spread(self_id_);
}

void Swim::notice_newer_map(const NodeStatus& rumour) {
  const auto version = rumour.figures.map_version;
  if (rumour.state == Liveness::dead || version <= roster_.self().figures.map_version) return;
  if (version <= told_version_ && clock_.now() - told_at_ < std::chrono::seconds(1)) return;
  told_version_ = version;
  told_at_ = clock_.now();
  if (callbacks_.on_newer_map) callbacks_.on_newer_map(rumour.id, version);
}

// ---- suspicions

void Swim::suspect(NodeId node) {
  if (!roster_.turn(node, Liveness::suspect, clock_.now())) return;
  suspicions_[node] = clock_.now() + suspicion_timeout(settings_, roster_.all().size());
  arm_suspicions();
  changed(node);
}

/// A suspect that only some cannot reach must hear of it in time to refute: of all who hear the rumour a few
/// tell it at once, however large the grid.
void Swim::tell_suspect(NodeId node) {
  const double tellers = 8;
  if (random_.chance(tellers / static_cast<double>(roster_.all().size()))) {
    ping(node, address_of(node), ++last_number_);
  }
}

void Swim::arm_suspicions() {
  if (suspicions_.empty()) return suspicion_timer_.cancel();
  const auto next = std::min_element(suspicions_.begin(), suspicions_.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  suspicion_timer_.set_at(next->second, [this] { bury_the_overdue(); });
}

void Swim::bury_the_overdue() {
  for (auto at = suspicions_.begin(); at != suspicions_.end();) {
    if (at->second > clock_.now()) {
      ++at;
      continue;
    }
    if (roster_.turn(at->first, Liveness::dead, clock_.now())) changed(at->first);
    at = suspicions_.erase(at);
  }
  arm_suspicions();
  publish();
}

void Swim::changed(NodeId node) {
  rumours_.spread(node);
  changed_.push_back(node);
}

/// At the end of each event: the view first, then the callbacks, so that they find what they are told of.
void Swim::publish() {
  if (running_ && !rumours_.empty() && !gossip_timer_.is_set()) {
    gossip_timer_.set_after(settings_.gossip_period, [this] { spread_news(); });
  }
  if (changed_.empty() && !figures_changed_) return;
  auto view = std::make_shared<const MembershipView>(roster_.all());
  {
    const std::scoped_lock lock(mutex_);
    view_ = view;
  }
  figures_changed_ = false;
  for (const auto& node : std::exchange(changed_, {})) {
    const auto at = view->find(node);
    if (at != view->end() && callbacks_.on_change) callbacks_.on_change(at->second);
  }
}

MembershipViewPtr Swim::view() const {
  const std::scoped_lock lock(mutex_);
  return view_;
}

// ---- state exchange

/// Everything known, and the session our datagrams belong to: for nodes that missed much, or whose clocks
/// went back.
void Swim::exchange_with(NodeId node, bool wants_reply) {
  gossip::StateExchange exchange;
  exchange.set_session(sealer_.session());
  exchange.set_wants_reply(wants_reply);
  for (const auto& [id, status] : roster_.all()) {
    if (status.heard) write_node(status, *exchange.add_nodes());
  }
  network_.send(node, Channel::control, static_cast<std::uint16_t>(MessageKind::membership_state),
                exchange.SerializeAsString());
}

void Swim::exchange_at_random() {
  exchange_timer_.set_after(settings_.exchange_period, [this] { exchange_at_random(); });
  auto members = roster_.others(false);
  const auto dead = roster_.others(true);
  members.insert(members.end(), dead.begin(), dead.end());
  if (!members.empty()) exchange_with(members[random_.below(members.size())], true);
}

/// At the start: a few are asked for all they know, the others only hear of us and our session.
void Swim::introduce() {
  gossip::StateExchange hello;
  hello.set_session(sealer_.session());
  write_node(roster_.self(), *hello.add_nodes());
  const auto members = roster_.others(false);
  ProbeOrder order;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto node = order.next(members, random_);
    if (i < 3) {
      exchange_with(*node, true);
    } else {
      network_.send(*node, Channel::control, static_cast<std::uint16_t>(MessageKind::membership_state),
                    hello.SerializeAsString());
    }
  }
}

void Swim::on_message(NodeId from, const Bytes& payload) {
  gossip::StateExchange exchange;
  if (!running_ || roster_.is_removed(from)) return;
  if (payload.size() > exchange_bytes_max || !exchange.ParseFromString(payload)) {
    return log(Level::warn, "membership.unreadable_exchange", {{"from", from.brief()}});
  }
  sealer_.set_session_of(from, exchange.session());
  for (const auto& record : exchange.nodes()) hear(record);
  if (exchange.wants_reply() && is_working()) exchange_with(from, false);
  publish();
}

}  // namespace gridmail
