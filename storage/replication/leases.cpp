#include "storage/replication/leases.hpp"

#include <asio/post.hpp>

#include "gossip/message_kind.hpp"

namespace gridmail {
namespace {

void to_record(DiskMarks::Mark mark, replication::Mark& record) {
  record.set_start(mark.start);
  record.set_chance(mark.chance);
}
DiskMarks::Mark from_record(const replication::Mark& record) {
  return {record.start(), record.chance()};
}

constexpr std::chrono::milliseconds deaf_max = std::chrono::hours(24);

void send(Network& network, NodeId to, const replication::LeaseMessage& message) {
  network.send(to, Channel::control, static_cast<std::uint16_t>(MessageKind::lease),
               message.SerializeAsString());
}

}  // namespace

Leases::Leases(NodeId self, asio::any_io_executor executor, Clock& clock, Network& network, DiskMarks& marks,
               LeaseSettings settings, Surroundings surroundings)
    : self_(self),
      executor_(std::move(executor)),
      clock_(clock),
      network_(network),
      marks_(marks),
      settings_(settings),
      surroundings_(std::move(surroundings)),
      incarnation_(marks.newest().start) {}

void Leases::start() {
  {
    const std::lock_guard lock(mutex_);
    started_ = clock_.now();
    running_ = true;
  }
  renew();
}

void Leases::stop() {
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
    alarm_.reset();
  }
  // Who goes is as good as deaf: no write need wait until its silence has lasted.
  const auto map = surroundings_.map();
  if (!map) return;
  for (const auto& member : map->members) {
    if (member.id != self_) send_request(member.id, map->version, clock_.now(), deaf_max);
  }
}

void Leases::renew() {
  const auto map = surroundings_.map();
  const auto now = clock_.now();
  if (map && surroundings_.working()) {
    for (const auto& member : map->members) {
      if (member.id != self_) request(member.id, map->version, now);
    }
  }
  const std::lock_guard lock(mutex_);
  if (!running_) return;
  alarm_ = clock_.call_at(now + settings_.renewal, [this] { asio::post(executor_, [this] { renew(); }); });
}

void Leases::request(NodeId to, MapVersion version, TimePoint now) {
  std::chrono::milliseconds deaf{0};
  {
    const std::lock_guard lock(mutex_);
    deaf = std::chrono::duration_cast<std::chrono::milliseconds>(since_heard(to, now));
  }
  send_request(to, version, now, deaf);
}

void Leases::send_request(NodeId to, MapVersion version, TimePoint now, std::chrono::milliseconds deaf) {
  const auto mark = take_in_own_mark();
  replication::LeaseMessage message;
  auto& request = *message.mutable_request();
  request.set_sent(now.since_boot.count());
  request.set_incarnation(mark.start);
  request.set_map_version(version);
  request.set_chance(mark.chance);
  if (const auto known = marks_.remembered(to)) to_record(*known, *request.mutable_remembered());
  if (const auto known = marks_.checked(to)) to_record(*known, *request.mutable_checked());
  request.set_deaf_ms(static_cast<std::uint64_t>(deaf.count()));
  send(network_, to, message);
}

/// What was held goes before anybody hears of another mark: it ends the promises made to the one before.
DiskMarks::Mark Leases::take_in_own_mark() {
  const std::lock_guard lock(mutex_);
  const auto mark = marks_.newest();
  if (mark.start != incarnation_) held_.clear();
  incarnation_ = mark.start;
  return mark;
}

void Leases::on_request(NodeId from, const replication::LeaseRequest& request) {
  constexpr auto deaf_ms_max = static_cast<std::uint64_t>(deaf_max.count());
  hear(from, std::chrono::milliseconds(std::min<std::uint64_t>(request.deaf_ms(), deaf_ms_max)));
  bool answer = marks_.on_memory(
      from, request.has_remembered() ? std::optional(from_record(request.remembered())) : std::nullopt);
  answer |=
      marks_.on_mark(from, {request.incarnation(), request.chance()},
                     request.has_checked() ? std::optional(from_record(request.checked())) : std::nullopt);
  const auto map = surroundings_.map();
  if (answer && map && surroundings_.working()) this->request(from, map->version, clock_.now());
  grant(from, request.sent(), request.incarnation());
}

/// When anything was last heard of `node`, whatever it had heard itself.
Duration Leases::since_heard(NodeId node, TimePoint now) const {
  const auto found = heard_.find(node);
  return now - (found == heard_.end() ? started_ : found->second.at);
}

void Leases::hear(NodeId from, Duration deaf) {
  const std::lock_guard lock(mutex_);
  heard_[from] = {clock_.now(), deaf};
}

Leases::Asked Leases::ask_with_opening() {
  return {clock_.now(), take_in_own_mark().start};
}

bool Leases::lend(NodeId holder, std::uint64_t incarnation) {
  if (!surroundings_.working() || !marks_.knows(holder, incarnation)) return false;
  const std::lock_guard lock(mutex_);
  auto& given = given_[holder];
  if (incarnation < given.incarnation) return false;  // from an earlier life of the asker
  if (incarnation > given.incarnation) given = Given{{}, incarnation, {}};
  given.until = clock_.now() + settings_.promised;
  return true;
}

void Leases::grant(NodeId to, std::int64_t sent, std::uint64_t incarnation) {
  // Noted before the map is read: one taken in between makes a wait longer, never shorter.
  if (!lend(to, incarnation)) return;
  replication::LeaseMessage message;
  auto& answer = *message.mutable_grant();
  answer.set_sent(sent);
  answer.set_incarnation(incarnation);
  const auto map = surroundings_.map();
  if (!map) return;
  answer.set_map_version(map->version);
  answer.set_full(is_full_here());
  if (map->voters.contains(self_) || map->voters_before.contains(self_)) {
    answer.set_voter(true);
    answer.set_accepted_version(surroundings_.accepted_version());
  }
  send(network_, to, message);
}

void Leases::on_message(NodeId from, BytesView payload) {
  replication::LeaseMessage message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return;
  switch (message.body_case()) {
    case replication::LeaseMessage::kRequest:
      on_request(from, message.request());
      break;
    case replication::LeaseMessage::kGrant: {
      const auto& grant = message.grant();
      const TimePoint until = TimePoint{Duration(grant.sent())} + settings_.held;
      const std::lock_guard lock(mutex_);
      if (grant.incarnation() != incarnation_) break;
      heard_[from] = {clock_.now(), Duration::zero()};  // it heard the request
      auto& held = held_[from];
      if (until <= held.until && grant.map_version() <= held.map_version) break;
      held = {until, grant.map_version(), grant.voter(), grant.accepted_version(), grant.full()};
      break;
    }
    case replication::LeaseMessage::kHandBack: {
      const auto& back = message.hand_back();
      const std::lock_guard lock(mutex_);
      auto& given = given_[from];
      if (back.incarnation() < given.incarnation) break;
      given.handed_back[back.slot()] = back.epoch();
      break;
    }
    case replication::LeaseMessage::BODY_NOT_SET:
      break;
  }
}

/// Whatever an earlier life of this node asked for is no longer held.
bool Leases::holds_lent(NodeId giver, const Lent& lent, TimePoint now) const {
  const auto found = lent.find(giver);
  if (found == lent.end() || found->second.incarnation != incarnation_) return false;
  const TimePoint asked = found->second.at;
  return asked <= now && now - asked < settings_.held;
}

bool Leases::held_from(const NodeSet& givers, MapVersion since, MapVersion taken_in, const Lent& lent) const {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  for (const auto& giver : givers) {
    if (holds_lent(giver, lent, now)) continue;
    const auto found = held_.find(giver);
    if (found == held_.end()) return false;
    const auto& held = found->second;
    if (now >= held.until || held.map_version < since || held.map_version > taken_in) return false;
  }
  return true;
}

bool Leases::majority(const NodeSet& voters, const Map& map, MapVersion since, TimePoint now) const {
  std::size_t votes = 0;
  for (const auto& voter : voters) {
    if (voter == self_) {
      votes += surroundings_.accepted_version() <= map.version ? 1 : 0;
      continue;
    }
    const auto found = held_.find(voter);
    if (found == held_.end()) continue;
    const auto& held = found->second;
    votes += held.voter && now < held.until && held.map_version >= since && held.map_version <= map.version &&
                     held.accepted_version <= map.version
                 ? 1
                 : 0;
  }
  return votes * 2 > voters.size();
}

bool Leases::held_from_voters(const Map& map, MapVersion since) const {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  return majority(map.voters, map, since, now) &&
         (map.voters_before.empty() || majority(map.voters_before, map, since, now));
}

Leases::Promise Leases::promise_to(NodeId holder) const {
  const std::lock_guard lock(mutex_);
  const auto found = given_.find(holder);
  return found == given_.end() ? Promise{} : Promise{found->second.until, found->second.incarnation};
}

bool Leases::is_over(NodeId holder, const Promise& promise, SlotId slot, Epoch epoch) const {
  if (clock_.now() >= promise.until) return true;
  const std::lock_guard lock(mutex_);
  const auto found = given_.find(holder);
  if (found == given_.end()) return false;
  if (found->second.incarnation > promise.incarnation) return true;
  const auto back = found->second.handed_back.find(slot);
  return back != found->second.handed_back.end() && back->second >= epoch;
}

void Leases::hand_back(SlotId slot, Epoch epoch, const NodeSet& givers) {
  replication::LeaseMessage message;
  auto& back = *message.mutable_hand_back();
  {
    const std::lock_guard lock(mutex_);
    back.set_incarnation(incarnation_);
  }
  back.set_slot(slot);
  back.set_epoch(epoch);
  for (const auto& giver : givers) send(network_, giver, message);
}

Duration Leases::silence(NodeId node) const {
  if (node == self_) return Duration::zero();
  const std::lock_guard lock(mutex_);
  const auto found = heard_.find(node);
  const auto now = clock_.now();
  return found == heard_.end() ? now - started_ : found->second.silence(now);
}

SignsOfLife Leases::signs_of_life(Duration alive_within, Duration dead_after) const {
  const auto now = clock_.now();
  const bool full_here = is_full_here();
  const std::lock_guard lock(mutex_);
  SignsOfLife signs(alive_within, dead_after, now - started_);
  for (const auto& [node, heard] : heard_) signs.note(node, heard.silence(now));
  signs.note(self_, Duration::zero());
  for (const auto& [node, held] : held_) {
    if (held.full) signs.note_full(node);
  }
  if (full_here) signs.note_full(self_);
  return signs;
}

bool Leases::is_full(NodeId node) const {
  if (node == self_) return is_full_here();
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(node);
  return found != held_.end() && found->second.full;
}

bool Leases::is_alive(NodeId node, Duration within) const {
  if (node == self_) return true;
  const std::lock_guard lock(mutex_);
  const auto found = heard_.find(node);
  return found != heard_.end() && found->second.silence(clock_.now()) < within;
}

}  // namespace gridmail
