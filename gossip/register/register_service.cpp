#include "gossip/register/register_service.hpp"

#include <asio/post.hpp>

#include "gossip/message_kind.hpp"
#include "gossip/register/key_plan.hpp"
#include "gossip/register/map_delta.hpp"
#include "gossip/register/map_limits.hpp"
#include "gossip/register/member_plan.hpp"
#include "gossip/register/voter_plan.hpp"
#include "node/base/log.hpp"

namespace gridmail {
namespace {

Batch write_map(const Bytes& bytes) {
  Batch batch;
  batch.put(Family::node, Bytes(map_key), bytes);
  return batch;
}

}  // namespace

// The parts are owned by this object and call it only while it lives, hence plain `this`.
RegisterService::RegisterService(asio::any_io_executor strand, Clock& clock, Random& random, Network& network,
                                 Store& store, const DiskMarks& marks, NodeId self,
                                 MapRegister::Callbacks callbacks, RegisterSettings settings)
    : strand_(strand),
      clock_(clock),
      random_(random),
      network_(network),
      store_(store),
      self_(self),
      callbacks_(std::move(callbacks)),
      settings_(settings),
      acceptor_(std::make_shared<Acceptor>(strand, store, settings.sabotage)),
      fitness_(self, clock, marks),
      proposer_(strand, clock, random, self, settings,
                {[this](NodeId to, const gossip::RegisterMessage& message) { send(to, message); },
                 [this](const ChosenMap& chosen) { on_chosen(chosen); }}),
      requests_(strand, clock, random, self, settings.voter_answer_max,
                {[this](NodeId to, const gossip::RegisterMessage& message) { send(to, message); },
                 [this](NodeId node) { return callbacks_.is_alive(node); },
                 [this](MapChange change, ChangeBatch::Answer answer) {
                   add_to_batch(std::move(change), std::move(answer));
                 },
                 [this] { return current(); }}),
      batch_timer_(strand, clock),
      tick_timer_(strand, clock) {}

Task<Result<void>> RegisterService::load() {
  auto loaded = co_await acceptor_->load();
  if (!loaded) co_return loaded;
  auto bytes = co_await store_.get(Family::node, Bytes(map_key));
  if (!bytes) co_return tl::unexpected(bytes.error());
  if (!*bytes) co_return Result<void>();
  auto map = decode_map(**bytes);
  if (!map) co_return tl::unexpected(map.error());
  set_current({std::make_shared<const Map>(std::move(*map)), std::move(**bytes)});
  co_return Result<void>();
}

Task<Result<void>> RegisterService::create(Map map) {
  if (newest_.map) co_return fail(Errc::already_exists, "this node is in a grid already");
  Bytes bytes = encode_map(map);
  Batch batch = acceptor_->begin_with(map);
  batch.append(write_map(bytes));
  auto done = co_await store_.commit(std::move(batch));
  if (done) set_current({std::make_shared<const Map>(std::move(map)), std::move(bytes)});
  co_return done;
}

Task<Result<void>> RegisterService::adopt(Map map) {
  if (newest_.map && newest_.map->grid_id != map.grid_id) {
    co_return fail(Errc::already_exists, "this node is in another grid already");
  }
  if (newest_.version() >= map.version) co_return Result<void>();
  Bytes bytes = encode_map(map);
  auto done = co_await store_.commit(write_map(bytes));
  if (done) set_current({std::make_shared<const Map>(std::move(map)), std::move(bytes)});
  co_return done;
}

void RegisterService::start() {
  running_ = true;
  fitness_.start();
  tick_timer_.set_after(settings_.voter_plan_period, [this] { tick(); });
}

void RegisterService::stop() {
  running_ = false;
  tick_timer_.cancel();
  batch_timer_.cancel();
  proposer_.stop();
  requests_.stop();
}

void RegisterService::propose(MapChange change, MapRegister::Done done) {
  if (!running_) return done(fail(Errc::cancelled, "the register is not running"));
  requests_.add(std::move(change), std::move(done));
}

// ---- messages

void RegisterService::send(NodeId to, const gossip::RegisterMessage& message) {
  if (to != self_) {
    return network_.send(to, Channel::control, static_cast<std::uint16_t>(MessageKind::register_call),
                         message.SerializeAsString());
  }
  // The local voter needs no network; posted, so that nobody is called back from within its own call.
  asio::post(strand_, [weak = weak_from_this(), message] {
    if (const auto service = weak.lock()) service->dispatch(service->self_, message);
  });
}

void RegisterService::on_message(NodeId from, const Bytes& payload) {
  gossip::RegisterMessage message;
  if (payload.size() > map_bytes_max || !message.ParseFromString(payload)) {
    return log(Level::warn, "register.unreadable_message", {{"from", from.brief()}});
  }
  if (!is_locked_out(from)) dispatch(from, message);
}

/// A removed member takes no part any more, whatever it believes.
bool RegisterService::is_locked_out(NodeId node) const {
  if (!newest_.map) return false;
  const auto& removed = newest_.map->removed;
  return std::find(removed.begin(), removed.end(), node) != removed.end();
}

void RegisterService::dispatch(NodeId from, const gossip::RegisterMessage& message) {
  if (!running_) return;
  using Body = gossip::RegisterMessage;
  switch (message.body_case()) {
    case Body::kPrepare:
      if (!may_vote()) return;
      return acceptor_->prepare(message.prepare(), answer_to(from));
    case Body::kAccept:
      if (!may_vote()) return;
      return acceptor_->accept(message.accept(), answer_to(from));
    case Body::kPromise:
      return proposer_.on_promise(from, message.promise());
    case Body::kAccepted:
      return proposer_.on_accepted(from, message.accepted());
    case Body::kRefusal:
      return proposer_.on_refusal(message.refusal());
    case Body::kRequest:
      return on_request(from, message.request());
    case Body::kAnswer:
      return requests_.on_answer(from, message.answer());
    case Body::kPush:
      return on_push(from, message.push());
    case Body::kFetch:
      return on_fetch(from, message.fetch());
    case Body::BODY_NOT_SET:
      return;
  }
}

Acceptor::Answer RegisterService::answer_to(NodeId node) {
  return [weak = weak_from_this(), node](const gossip::RegisterMessage& message) {
    if (const auto service = weak.lock()) service->send(node, message);
  };
}

void RegisterService::on_request(NodeId from, const gossip::ChangeRequest& request) {
  const auto key = std::pair(from, request.id());
  if (!newest_.map || being_agreed_.contains(key)) return;
  auto change = decode_change(request.change());
  if (!change) return log(Level::warn, "register.unreadable_change", {{"from", from.brief()}});
  being_agreed_.insert(key);
  // A failure is not answered: the asker goes to the next voter by itself.
  add_to_batch(std::move(*change), [this, key](Result<MapVersion> version) {
    being_agreed_.erase(key);
    if (!version) return;
    gossip::RegisterMessage answer;
    answer.mutable_answer()->set_id(key.second);
    answer.mutable_answer()->set_version(*version);
    send(key.first, answer);
  });
}

void RegisterService::on_fetch(NodeId from, const gossip::Fetch& fetch) {
  if (newest_.version() <= fetch.version()) return;
  gossip::RegisterMessage message;
  auto& push = *message.mutable_push();
  if (!fetch.whole()) *push.mutable_delta() = make_delta(newest_, fetch.version(), nullptr);
  if (fetch.whole() || push.delta().head().size() >= newest_.bytes.size()) push.set_map(newest_.bytes);
  if (!push.map().empty()) push.clear_delta();
  send(from, message);
}

void RegisterService::on_push(NodeId from, const gossip::Push& push) {
  // No map is taken in before this node was adopted, nor ever one of another grid.
  if (!newest_.map) return;
  if (push.has_delta()) return on_delta(from, push.delta());
  auto map = decode_map(push.map());
  if (!map) return log(Level::error, "register.unreadable_map", {{"error", map.error().text}});
  if (newest_.map->grid_id != map->grid_id) return;
  take_in({std::make_shared<const Map>(std::move(*map)), push.map()});
}

/// A delta for a map that this node has missed is no loss: it asks for what it lacks.
void RegisterService::on_delta(NodeId from, const gossip::MapDelta& delta) {
  auto map = apply_delta(*newest_.map, delta);
  if (map) return take_in(std::move(*map));
  if (map.error().code != Errc::conflict) {
    return log(Level::error, "register.unreadable_map", {{"error", map.error().text}});
  }
  gossip::RegisterMessage message;
  message.mutable_fetch()->set_version(newest_.version());
  message.mutable_fetch()->set_whole(newest_.version() >= delta.base());
  send(from, message);
}

void RegisterService::fetch_from(NodeId node) {
  gossip::RegisterMessage message;
  message.mutable_fetch()->set_version(newest_.version());
  send(node, message);
}

// ---- agreeing

void RegisterService::add_to_batch(MapChange change, ChangeBatch::Answer answer) {
  batch_.add(std::move(change), std::move(answer));
  if (proposer_.is_busy() || batch_timer_.is_set()) return;  // what waits goes with the next round
  // The only voter has nobody to spare the work.
  const bool alone = newest_.map->voters == NodeSet{self_} && newest_.map->voters_before.empty();
  batch_timer_.set_after(alone ? Duration::zero() : settings_.batch_window, [this] { run_batch(); });
}

void RegisterService::run_batch() {
  auto [change, answers] = batch_.take();
  proposer_.saw_round(acceptor_->promised_round());
  proposer_.propose(newest_, std::move(change),
                    [this, answers = std::move(answers)](Result<ChosenMap> chosen) {
                      if (chosen) take_in(*chosen);
                      for (const auto& answer : answers) {
                        answer(chosen.map([](const ChosenMap& map) { return map.version(); }));
                      }
                      if (running_ && !batch_.empty() && !proposer_.is_busy() && !batch_timer_.is_set())
                        run_batch();
                    });
}

/// Only chosen maps are passed on, at once, and by whoever got them agreed: as what is new for those who have
/// the newest one that was known here.
void RegisterService::on_chosen(const ChosenMap& chosen) {
  gossip::RegisterMessage message;
  *message.mutable_push()->mutable_delta() = make_delta(chosen, newest_.version(), newest_.map.get());
  for (const auto& member : chosen.map->members) {
    if (member.id != self_) send(member.id, message);
  }
  // Whoever was removed by it is told as well, for the last time.
  for (const auto& member : newest_.map->members) {
    if (chosen.map->member(member.id) == nullptr) send(member.id, message);
  }
  take_in(chosen);
}

void RegisterService::take_in(ChosenMap chosen) {
  if (chosen.version() <= newest_.version()) return;
  proposer_.learn(chosen);
  newest_ = std::move(chosen);
  write_newest();
}

void RegisterService::write_newest() {
  ++map_writes_;
  auto finished = [weak = weak_from_this(), chosen = newest_](const Result<void>& done) {
    const auto service = weak.lock();
    if (!service) return;
    --service->map_writes_;
    if (!done) return log(Level::error, "register.cannot_keep_map", {{"error", done.error().text}});
    service->written(chosen);
  };
  store_.commit(write_map(newest_.bytes),
                [strand = strand_, finished = std::move(finished)](Result<void> done) {
                  asio::post(strand, [finished, done = std::move(done)] { finished(done); });
                });
}

void RegisterService::written(const ChosenMap& chosen) {
  const auto before = current();
  if (!running_ || (before && before->version >= chosen.version())) return;
  set_current(chosen);
  callbacks_.on_map(chosen.map);
  requests_.on_map(chosen.map);
}

void RegisterService::set_current(ChosenMap chosen) {
  if (chosen.version() > newest_.version()) newest_ = chosen;
  const std::scoped_lock lock(mutex_);
  current_ = std::move(chosen.map);
}

MapPtr RegisterService::current() const {
  const std::scoped_lock lock(mutex_);
  return current_;
}

void RegisterService::tick() {
  tick_timer_.set_after(settings_.voter_plan_period, [this] { tick(); });
  const auto kept = current();
  const bool behind = newest_.map && (!kept || kept->version < newest_.version());
  if (behind && map_writes_ == 0) write_newest();  // there was no space for it before
  mend_voter();
  keep_in_shape();
}

/// The lowest live voter sees to it that the right ones vote, that whoever has left is removed, and that a
/// rotation of keys goes on.
void RegisterService::keep_in_shape() {
  if (!newest_.map || plan_under_way_) return;
  const auto& voters = newest_.map->voters;
  const auto lowest = std::find_if(voters.begin(), voters.end(), [this](NodeId voter) {
    return voter == self_ || callbacks_.is_alive(voter);
  });
  if (lowest == voters.end() || *lowest != self_) return;
  const auto is_alive = [this](NodeId node) { return node == self_ || callbacks_.is_alive(node); };
  const std::optional<WallMicros> wall = callbacks_.agreed_wall ? callbacks_.agreed_wall() : clock_.wall();
  auto planned = plan_members(*newest_.map, wall).value_or(MapChange{});
  planned.voters = plan_voters(*newest_.map, callbacks_.dead_for_long(), callbacks_.old_disks(), is_alive);
  if (newest_.map->keys.ring.keys.empty()) {
    planned.keys = begin_rotation(*newest_.map, draw_gossip_key(random_));
  } else if (callbacks_.behind && newest_.map->keys.phase != KeyPhase::settled) {
    planned.keys = plan_keys(*newest_.map, callbacks_.behind(newest_.map->keys.since));
  }
  if (planned.members.empty() && planned.removals.empty() && !planned.voters && !planned.keys) return;
  plan_under_way_ = true;
  add_to_batch(std::move(planned), [this](const Result<MapVersion>&) { plan_under_way_ = false; });
}

/// Has something agreed after the votes were forgotten, if only that nothing is to be changed: as soon as
/// this node is no voter by then, it may become one again. The others put it out, told by gossip.
void RegisterService::mend_voter() {
  const bool forgotten = fitness_.has_forgotten(*acceptor_);
  if (std::exchange(told_old_disk_, forgotten) != forgotten) callbacks_.on_old_disk(forgotten);
  if (!forgotten || mending_ || !newest_.map) return;
  mending_ = true;
  const auto life = fitness_.life();
  requests_.add({}, [this, life](const Result<MapPtr>& agreed) {
    mending_ = false;
    if (!agreed || !fitness_.may_begin_anew(**agreed)) return;
    acceptor_->begin_life(life, [life] { log(Level::warn, "register.votes_anew", {{"life", life}}); });
  });
}

}  // namespace gridmail
