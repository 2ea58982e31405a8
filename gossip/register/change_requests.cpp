#include "gossip/register/change_requests.hpp"

#include <vector>

namespace gridmail {

ChangeRequests::ChangeRequests(asio::any_io_executor strand, Clock& clock, Random& random, NodeId self,
                               Duration answer_max, Callbacks callbacks)
    : strand_(std::move(strand)),
      clock_(clock),
      self_(self),
      answer_max_(answer_max),
      callbacks_(std::move(callbacks)),
      last_id_(random.u64()) {}

void ChangeRequests::add(MapChange change, MapRegister::Done done) {
  if (!callbacks_.current()) return done(fail(Errc::unavailable, "this node is in no grid yet"));
  const Id id = ++last_id_;
  auto timer = std::make_unique<StrandTimer>(strand_, clock_);
  requests_.emplace(id, Request{std::move(change), std::move(done), {}, 0, std::move(timer)});
  ask_next(id);
}

void ChangeRequests::ask_next(Id id) {
  auto& request = requests_.at(id);
  for (const auto& voter : callbacks_.current()->voters) {
    if (request.asked.contains(voter)) continue;
    if (voter != self_ && !callbacks_.is_alive(voter)) continue;
    request.asked.insert(voter);
    if (voter == self_) break;  // whoever comes after would not do better
    gossip::RegisterMessage message;
    message.mutable_request()->set_id(id);
    message.mutable_request()->set_change(encode_change(request.change));
    request.timer->set_after(answer_max_, [this, id] { ask_next(id); });
    return callbacks_.send(voter, message);
  }
  propose_here(id);
}

void ChangeRequests::propose_here(Id id) {
  callbacks_.propose_here(requests_.at(id).change, [this, id](Result<MapVersion> version) {
    if (!requests_.contains(id)) return;  // a voter answered meanwhile
    if (!version) return finish(id, tl::unexpected(version.error()));
    agreed(id, *version);
  });
}

void ChangeRequests::on_answer(NodeId from, const gossip::ChangeAnswer& answer) {
  if (!requests_.contains(answer.id())) return;
  agreed(answer.id(), answer.version());
  if (!requests_.contains(answer.id())) return;
  // The push may be lost, or under way.
  gossip::RegisterMessage message;
  message.mutable_fetch()->set_version(callbacks_.current()->version);
  callbacks_.send(from, message);
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
