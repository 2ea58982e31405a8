#include "gossip/membership/swim.hpp"

#include "gossip/membership/node_record.hpp"
#include "node/base/log.hpp"

namespace gridmail {
namespace {

/// After so long every word of a former life has been overruled by this one's incarnation.
constexpr auto settled_after = std::chrono::seconds(30);
constexpr auto duplicate_kept = std::chrono::minutes(5);

NodeStatus status_of(const Membership::Self& self, std::uint64_t incarnation, TimePoint now) {
  NodeStatus status;
  status.id = self.id;
  status.name = self.name;
  status.addresses = self.addresses;
  status.program_version = self.program_version;
  status.figures.keeps_mail = !self.sends_mail;
  status.incarnation = incarnation;
  status.life = incarnation;
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
      health_(settings.health_max),
      probe_timer_(strand, clock),
      indirect_timer_(strand, clock),
      dead_timer_(strand, clock),
      gossip_timer_(strand, clock),
      suspicion_timer_(strand, clock),
      check_timer_(strand, clock),
      relay_timer_(strand, clock),
      exchange_timer_(strand, clock),
      view_(std::make_shared<const MembershipView>(roster_.all())) {}

void Swim::start() {
  running_ = true;
  started_ = clock_.now();
  // Somewhere within the first period, so that nodes that start together do not probe together.
  const auto first = Duration(
      static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(settings_.probe_period.count()))));
  probe_due_ = started_ + first;
  probe_timer_.set_at(probe_due_, [this] { probe_next(); });
  dead_timer_.set_after(settings_.dead_probe_period, [this] { probe_a_dead_one(); });
  exchange_timer_.set_after(settings_.exchange_period, [this] { exchange_at_random(); });
  introduce();
}

void Swim::stop() {
  running_ = false;
  for (auto* timer : {&probe_timer_, &indirect_timer_, &dead_timer_, &gossip_timer_, &suspicion_timer_,
                      &check_timer_, &relay_timer_, &exchange_timer_}) {
    timer->cancel();
  }
}

void Swim::set_mapped_members(const MapPtr& map) {
  const auto known = roster_.all();
  roster_.set_members(*map, clock_.now());
  if (!map->keys.ring.keys.empty()) sealer_.set_keys(map->keys.ring);
  for (const auto& [node, status] : known) {
    if (roster_.find(node) != nullptr) continue;
    rumours_.forget(node);
    suspicions_.erase(node);
    checks_.erase(node);
    outdated_.erase(node);
  }
  auto& self = roster_.self();
  if (map->version > self.figures.map_version) {
    self.figures.map_version = map->version;
    ++self.revision;
  }
  publish(true);
  if (running_ && known.size() == 1) introduce();
}

void Swim::set_load(double load, std::uint64_t disk_free_bytes) {
  auto& self = roster_.self();
  self.figures.load = load;
  self.figures.disk_free_bytes = disk_free_bytes;
  ++self.revision;  // told with each of our own datagrams, and passed on as old news
  figures_changed_ = true;
}

void Swim::set_old_disk(bool old) {
  auto& self = roster_.self();
  self.figures.old_disk = old;
  ++self.revision;
  publish(true);
}

// ---- what others say

void Swim::hear(const gossip::NodeRecord& record) {
  const auto rumour = read_node(record);
  if (!rumour || roster_.is_removed(rumour->id)) return;
  if (rumour->id == self_id_) return hear_of_self(*rumour);
  notice_newer_map(*rumour);
  const auto news = roster_.hear(*rumour, clock_.now());
  if (news != Roster::News::none) figures_changed_ = true;
  if (news == Roster::News::state) {
    suspicions_.erase(rumour->id);
    changed(rumour->id);
  }
  const auto* known = roster_.find(rumour->id);
  if (known == nullptr || known->state != Liveness::suspect) return;
  if (rumour->state == Liveness::suspect && rumour->incarnation == known->incarnation) {
    heard_suspicion(record, rumour->id, news == Roster::News::state);
  }
}

/// A suspicion of this very node is refuted by a higher incarnation (SWIM, section 4.2), unless it is right.
void Swim::hear_of_self(const NodeStatus& rumour) {
  auto& self = roster_.self();
  const bool doubted = rumour.state != Liveness::alive && rumour.incarnation >= self.incarnation;
  const bool outlived =
      rumour.incarnation > self.incarnation;  // by words of a former life, with a later clock
  if ((!doubted && !outlived) || !is_working()) return;
  // Nobody but this node raises its incarnation: once settled, somebody else must be this node.
  const bool foreign = outlived && rumour.life != self.life && rumour.life != 0;
  if (foreign && clock_.now() - started_ > settled_after) notice_duplicate_of_self();
  if (doubted) health_.worsen();  // it was slow to answer somebody (Lifeguard, section IV.A)
  self.incarnation = rumour.incarnation + 1;
  figures_changed_ = true;
  rumours_.spread(self_id_);
}

/// A node that others believe to be further than it says must hear so, to overtake it.
void Swim::notice_outdated(NodeId node, std::uint64_t incarnation) {
  const auto* known = roster_.find(node);
  if (known != nullptr && incarnation < known->incarnation) {
    outdated_.insert(node);
  } else {
    outdated_.erase(node);
  }
}

void Swim::watch_for_duplicates(NodeId node, const std::string& address) {
  const auto* known = roster_.find(node);
  if (known == nullptr || node == self_id_) return;
  const bool twice = sealer_.is_duplicated(node, clock_.now());
  if (twice == known->seen_twice) return;
  if (twice) {
    log(Level::error, "membership.duplicate_identity",
        {{"node", known->name}, {"id", node.hex()}, {"last_heard_from", address}});
  }
  roster_.set_seen_twice(node, twice);
  changed_.push_back(node);
}

void Swim::notice_duplicate_of_self() {
  auto& self = roster_.self();
  duplicate_until_ = clock_.now() + duplicate_kept;
  if (self.figures.duplicated) return;
  log(Level::error, "membership.own_identity_is_used_twice", {{"node", self.name}, {"id", self.id.hex()}});
  self.figures.duplicated = true;
  ++self.revision;
  changed_.push_back(self_id_);
}

void Swim::notice_newer_map(const NodeStatus& rumour) {
  const auto version = rumour.figures.map_version;
  if (rumour.state == Liveness::dead || version <= roster_.self().figures.map_version) return;
  if (version <= told_version_ && clock_.now() - told_at_ < std::chrono::seconds(1)) return;
  told_version_ = version;
  told_at_ = clock_.now();
  if (callbacks_.on_newer_map) callbacks_.on_newer_map(rumour.id, version);
}

// ---- telling the rest of the program

void Swim::changed(NodeId node) {
  rumours_.spread(node);
  changed_.push_back(node);
}

/// Nobody else has claimed to be this node for long.
void Swim::forget_duplicate_of_self() {
  auto& self = roster_.self();
  if (!self.figures.duplicated || clock_.now() < duplicate_until_) return;
  self.figures.duplicated = false;
  ++self.revision;
  figures_changed_ = true;
}

/// At the end of each event: the view first, then the callbacks, so that they find what they are told of. New
/// figures alone wait for the next probe, as they come with every datagram.
void Swim::publish(bool figures) {
  if (running_ && !rumours_.empty() && !gossip_timer_.is_set()) {
    gossip_timer_.set_after(settings_.gossip_period, [this] { spread_news(); });
  }
  if (changed_.empty() && !figures) return;
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

}  // namespace gridmail
