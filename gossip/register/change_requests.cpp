#include "gossip/register/change_requests.hpp"

#include <algorithm>
#include <vector>

namespace gridmail {
namespace {

constexpr int patience_factor_max = 40;

bool is_empty(const MapChange& change) {
  return change.slots.empty() && change.members.empty() && change.removals.empty() && !change.voters &&
         !change.settings && !change.keys;
}

}  // namespace

ChangeRequests::ChangeRequests(asio::any_io_executor strand, Clock& clock, Random& random, NodeId self,
                               Duration answer_max, Callbacks callbacks)
    : strand_(std::move(strand)),
      clock_(clock),
      self_(self),
      answer_max_(answer_max),
      patience_(answer_max),
      callbacks_(std::move(callbacks)),
      last_id_(random.u64()) {}

void ChangeRequests::add(MapChange change, MapRegister::Done done) {
  if (!callbacks_.current()) return done(fail(Errc::unavailable, "this node is in no grid yet"));
  if (Request* with = leave_out_what_is_under_way(change); with != nullptr && is_empty(change)) {
    with->done = [first = std::move(with->done), done = std::move(done)](const Result<MapPtr>& result) {
      first(result);
      done(result);
    };
    return;
  }
  const Id id = ++last_id_;
  auto timer = std::make_unique<StrandTimer>(strand_, clock_);
  requests_.emplace(id, Request{std::move(change), std::move(done), {}, 0, std::move(timer)});
  ask_next(id);
}

/// Slots ask again when nothing has come of it for a while. Where that is because disks are slow, rounds that
/// agree on nothing new would make it take longer still. The request that has what was left out last, if any.
ChangeRequests::Request* ChangeRequests::leave_out_what_is_under_way(MapChange& change) {
  Request* with = nullptr;
  std::erase_if(change.slots, [&](const SlotChange& slot) {
    for (auto& [id, request] : requests_) {
      const auto& asked = request.change.slots;
      const bool is_there = std::any_of(asked.begin(), asked.end(), [&slot](const SlotChange& other) {
        return other.slot == slot.slot && other.expected == slot.expected && other.row == slot.row;
      });
      if (is_there) with = &request;
      if (is_there) return true;
    }
    return false;
  });
  return with;
}

void ChangeRequests::ask_next(Id id) {
  auto& request = requests_.at(id);
  for (const auto& voter : callbacks_.current()->voters) {
    if (request.asked_at.contains(voter)) continue;
    if (voter != self_ && !callbacks_.is_alive(voter)) continue;
    request.asked_at[voter] = clock_.now();
    if (voter == self_) break;  // whoever comes after would not do better
    gossip::RegisterMessage message;
    message.mutable_request()->set_id(id);
    message.mutable_request()->set_change(encode_change(request.change));
    request.timer->set_after(patience_, [this, id] { ask_next(id); });
    return callbacks_.send(voter, message);
  }
  propose_here(id);
}

void ChangeRequests::propose_here(Id id) {
  callbacks_.propose_here(requests_.at(id).change,
                          [this, id, begun = clock_.now()](Result<MapVersion> version) {
                            if (!requests_.contains(id)) return;  // a voter answered meanwhile
                            if (version) adapt_patience(clock_.now() - begun);
                            if (!version) return finish(id, tl::unexpected(version.error()));
                            agreed(id, *version);
                          });
}

void ChangeRequests::on_answer(NodeId from, const gossip::ChangeAnswer& answer) {
  const auto request = requests_.find(answer.id());
  if (request == requests_.end()) return;
  if (const auto asked = request->second.asked_at.find(from); asked != request->second.asked_at.end())
    adapt_patience(clock_.now() - asked->second);
  agreed(answer.id(), answer.version());
  if (!requests_.contains(answer.id())) return;
  // The push may be lost, or under way.
  gossip::RegisterMessage message;
  message.mutable_fetch()->set_version(callbacks_.current()->version);
  callbacks_.send(from, message);
}

/// Voters with slow disks are not to be asked one after the other before any can have answered: each would
/// propose, and they would only be in each other's way.
void ChangeRequests::adapt_patience(Duration took) {
  patience_ = std::clamp<Duration>(took * 2, answer_max_, answer_max_ * patience_factor_max);
}

void ChangeRequests::agreed(Id id, MapVersion version) {
  auto& request = requests_.at(id);
  request.agreed = version;
  if (const auto map = callbacks_.current(); map->version >= version) finish(id, map);
}

void ChangeRequests::on_map(const MapPtr& map) {
  std::vector<Id> over;
  for (const auto& [id, request] : requests_) {
    if (request.agreed != 0 && map->version >= request.agreed) over.push_back(id);
  }
  for (const auto id : over) finish(id, map);
}

void ChangeRequests::finish(Id id, Result<MapPtr> result) {
  const auto node = requests_.extract(id);
  if (!node.empty()) node.mapped().done(std::move(result));
}

void ChangeRequests::stop() {
  while (!requests_.empty())
    finish(requests_.begin()->first, fail(Errc::cancelled, "the register is stopping"));
}

}  // namespace gridmail
