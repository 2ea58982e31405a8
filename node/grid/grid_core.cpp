#include "node/grid/grid_core.hpp"

#include <asio/post.hpp>

#include "gossip/message_kind.hpp"
#include "node/base/log.hpp"
#include "storage/directory/directory_keys.hpp"
#include "storage/replication/grid_clock.hpp"

namespace gridmail {

GridCore::GridCore(GridPorts ports, Membership::Self self, GridCoreSettings settings, Hooks hooks)
    : ports_(std::move(ports)),
      self_(std::move(self)),
      settings_(settings),
      hooks_(std::move(hooks)),
      survey_({.self = self_.id,
               .strand = ports_.gossip,
               .clock = ports_.clock,
               .network = ports_.network,
               .tasks = tasks_,
               .members = [this] { return survey_members(); }}),
      marks_(ports_.store) {
  MapRegister::Callbacks callbacks;
  callbacks.on_map = [this](MapPtr map) { take_map(map); };
  callbacks.is_alive = [this](NodeId node) {
    return leases_ ? leases_->is_alive(node, settings_.replication.alive_within) : node == self_.id;
  };
  callbacks.dead_for_long = [this] {
    return membership_ ? membership_->dead_for(settings_.dead_for_long) : NodeSet{};
  };
  callbacks.agreed_wall = [this] { return agreed_wall(); };
  callbacks.on_old_disk = [this](bool old) {
    if (membership_) membership_->set_old_disk(old);
  };
  callbacks.old_disks = [this] { return membership_ ? membership_->old_disks() : NodeSet{}; };
  callbacks.behind = [this](MapVersion version) {
    return membership_ ? membership_->behind(version) : NodeSet{self_.id};
  };
  register_ =
      std::make_unique<MapRegister>(ports_.gossip, ports_.clock, ports_.random, ports_.network, ports_.store,
                                    marks_, self_.id, std::move(callbacks), settings_.map_register);
}

GridCore::~GridCore() = default;

std::optional<WallMicros> GridCore::agreed_wall() const {
  const auto is_alive = [this](NodeId node) {
    return leases_->is_alive(node, settings_.replication.alive_within);
  };
  return gridmail::agreed_wall(*map(), self_.id, context_->loads.heard(), is_alive,
                               {ports_.clock.now(), ports_.clock.wall()});
}

Survey::Members GridCore::survey_members() const {
  Survey::Members members;
  if (const auto map = this->map()) {
    for (const auto& member : map->members) {
      const bool alive = leases_->is_alive(member.id, settings_.replication.alive_within);
      (alive ? members.alive : members.dead).push_back(member.id);
    }
  }
  return members;
}

void GridCore::serve(ServiceId id, SlotService& service) {
  services_.emplace_back(id, &service);
}

bool GridCore::working() const {
  return ports_.store.stalled_for() < settings_.commit_stall_max;
}

Task<Result<void>> GridCore::load() {
  const auto marked = co_await marks_.load(ports_.clock.wall(), ports_.random, ports_.disk_damaged);
  if (!marked) co_return marked;

  Membership::Callbacks callbacks;
  callbacks.on_newer_map = [this](NodeId node, MapVersion) { register_->fetch_from(node); };
  callbacks.working = [this] { return working(); };
  membership_ = std::make_unique<Membership>(ports_.gossip, ports_.clock, ports_.random, ports_.network,
                                             self_, KeyRing{}, std::move(callbacks), settings_.swim);
  leases_ = std::make_unique<Leases>(
      self_.id, ports_.gossip, ports_.clock, ports_.network, marks_, settings_.leases,
      Leases::Surroundings{.map = [this] { return slots_->map(); },
                           .accepted_version = [this] { return register_->accepted_version(); },
                           .working = [this] { return working(); },
                           .low_space = hooks_.low_space});
  context_.reset(new ReplicationContext{
      .self = self_.id,
      .clock = ports_.clock,
      .random = ports_.random,
      .network = ports_.network,
      .store = ports_.store,
      .leases = *leases_,
      .marks = marks_,
      .tasks = tasks_,
      .settings = settings_.replication,
      .services = {},
      .propose = {},
      .fail_stop = hooks_.fail_stop,
      .low_space = hooks_.low_space,
      .very_low_space = hooks_.very_low_space,
      .is_behind = hooks_.is_behind,
      .dead_for_long = [this] { return membership_->dead_for(settings_.dead_for_long); },
      .mend = [this](SlotId slot) { scrub_->mend(slot); }});
  context_->services = services_;
  slots_ = std::make_unique<SlotTable>(*context_, ports_.slots, [this](MapChange change) {
    register_->propose(std::move(change), [](Result<MapPtr>) {});  // whoever asked looks at the map it gets
  });
  router_ = std::make_unique<SlotRouter>(*context_, *slots_);
  scrub_ = std::make_unique<Scrub>(*context_, *slots_, followed_directory_slot, ports_.gossip);
  for (const auto& [id, service] : services_) router_->serve(id, *service);
  // Before the owner lets the network listen; until start() what arrives is dropped.
  ports_.network.on_message(
      [this](NodeId from, std::uint16_t kind, Bytes payload) { on_message(from, kind, std::move(payload)); });
  ports_.network.on_datagram([this](std::string address, Bytes payload) {
    if (running_) membership_->on_datagram(std::move(address), std::move(payload));
  });
  co_return co_await register_->load();
}

void GridCore::start() {
  running_ = true;
  slots_->start(nullptr);
  register_->start();
  asio::post(ports_.gossip, [this] {
    if (const auto map = register_->current()) take_map(map);
  });
  membership_->start();
  leases_->start();
  tasks_.spawn(ports_.gossip, "tell loads", tell_loads(this));
  tasks_.spawn(ports_.gossip, "scrub", Scrub::run(scrub_.get()));
  tasks_.spawn(ports_.gossip, "mending", Scrub::mend_copies(scrub_.get()));
  tasks_.spawn(ports_.gossip, "count losses", Scrub::count_losses(scrub_.get()));
}

/// To all alike, so that all plan by the same figures.
Task<void> GridCore::tell_loads(GridCore* core) {
  for (;;) {
    co_await sleep_for(core->ports_.clock, core->settings_.tell_loads_every);
    const auto map = core->map();
    if (!map) continue;
    const auto now = core->ports_.clock.now();
    DiskState disk = core->hooks_.disk ? core->hooks_.disk() : DiskState{};
    const auto scrub = core->scrub().report();
    disk.lost_slots = scrub.lost_slots;
    disk.unread_since = scrub.unread_since;
    const Bytes report = core->loads().report(*map, core->self(), disk, now, core->ports_.clock.wall());
    for (const auto& member : map->members) {
      if (member.id == core->self()) continue;
      core->ports_.network.send(member.id, Channel::control, static_cast<std::uint16_t>(MessageKind::load),
                                report);
    }
  }
}

void GridCore::stop() {
  running_ = false;
  leases_->stop();
  membership_->stop();
  register_->stop();
  if (auto* follower = follower_.load()) follower->stop();
  slots_->stop();
  tasks_.cancel();
}

Task<void> GridCore::join() {
  return tasks_.join();
}

void GridCore::take_map(const MapPtr& map) {
  if (!running_) return;
  membership_->set_mapped_members(map);
  slots_->on_map(map);
  if (!owned_follower_) {
    owned_follower_ = std::make_unique<DirectoryFollower>(*context_, *slots_, map->directory_slot(),
                                                          followed_directory_slot);
    owned_follower_->on_applied([this] {
      if (directory_applied_) directory_applied_();
    });
    tasks_.spawn(slots_->strand_of(map->directory_slot()), "follow directory", follow(this));
  }
  if (hooks_.on_map) hooks_.on_map(map);
}

Task<void> GridCore::follow(GridCore* core) {
  const auto read = co_await core->owned_follower_->load();
  if (!read) core->hooks_.fail_stop(read.error());
  core->owned_follower_->start();
  core->follower_ = core->owned_follower_.get();
}

void GridCore::on_message(NodeId from, std::uint16_t kind, Bytes payload) {
  if (!running_) return;
  switch (static_cast<MessageKind>(kind)) {
    case MessageKind::membership_state:
      membership_->on_message(from, std::move(payload));
      break;
    case MessageKind::register_call:
      register_->on_message(from, std::move(payload));
      break;
    case MessageKind::lease:
      leases_->on_message(from, payload);
      break;
    case MessageKind::slot:
      slots_->on_message(from, std::move(payload));
      break;
    case MessageKind::request:
      router_->on_request(from, std::move(payload));
      break;
    case MessageKind::answer:
      router_->on_answer(from, std::move(payload));
      break;
    case MessageKind::push:
      if (hooks_.on_push) hooks_.on_push(from, std::move(payload));
      break;
    case MessageKind::directory:
      if (auto* follower = follower_.load()) follower->on_message(from, std::move(payload));
      break;
    case MessageKind::load:
      context_->loads.on_report(from, payload, ports_.clock.now());
      break;
    case MessageKind::intake:
      if (hooks_.on_intake) hooks_.on_intake(from, std::move(payload));
      break;
    case MessageKind::egress:
      if (hooks_.on_egress) hooks_.on_egress(from, std::move(payload));
      break;
    case MessageKind::verified:
      if (hooks_.on_verified) hooks_.on_verified(from, std::move(payload));
      break;
    case MessageKind::survey:
      survey_.on_message(from, std::move(payload));
      break;
    case MessageKind::listeners:
      if (hooks_.on_listeners) hooks_.on_listeners(from, std::move(payload));
      break;
    case MessageKind::usage:
      if (hooks_.on_usage) hooks_.on_usage(from, std::move(payload));
      break;
  }
}

}  // namespace gridmail
