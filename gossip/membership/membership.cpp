#include "gossip/membership/membership.hpp"

#include <asio/post.hpp>

#include "gossip/membership/swim.hpp"

namespace gridmail {

Membership::Membership(asio::any_io_executor executor, Clock& clock, Random& random, Network& network,
                       Self self, KeyRing keys, Callbacks callbacks, SwimSettings settings)
    : executor_(executor),
      swim_(std::make_shared<Swim>(executor, clock, random, network, std::move(self), std::move(keys),
                                   std::move(callbacks), settings)) {}

// The last hold is let go on the strand, where nothing else of it can be running.
Membership::~Membership() {
  asio::post(executor_, [swim = std::move(swim_)] { swim->stop(); });
}

void Membership::start() {
  asio::post(executor_, [swim = swim_] { swim->start(); });
}
void Membership::stop() {
  asio::post(executor_, [swim = swim_] { swim->stop(); });
}

void Membership::on_datagram(std::string address, Bytes payload) {
  asio::post(executor_, [swim = swim_, address = std::move(address), payload = std::move(payload)] {
    swim->on_datagram(address, payload);
  });
}

void Membership::on_message(NodeId from, Bytes payload) {
  asio::post(executor_,
             [swim = swim_, from, payload = std::move(payload)] { swim->on_message(from, payload); });
}

void Membership::set_mapped_members(MapPtr map) {
  asio::post(executor_, [swim = swim_, map = std::move(map)] { swim->set_mapped_members(map); });
}

void Membership::set_load(double load, std::uint64_t disk_free_bytes) {
  asio::post(executor_, [swim = swim_, load, disk_free_bytes] { swim->set_load(load, disk_free_bytes); });
}

void Membership::set_old_disk(bool old) {
  asio::post(executor_, [swim = swim_, old] { swim->set_old_disk(old); });
}

MembershipViewPtr Membership::view() const {
  return swim_->view();
}

bool Membership::is_alive(NodeId node) const {
  if (node == swim_->self_id()) return true;
  const auto all = swim_->view();
  const auto at = all->find(node);
  return at != all->end() && at->second.state != Liveness::dead;
}

NodeSet Membership::senders() const {
  NodeSet nodes;
  const auto all = view();
  for (const auto& [id, status] : *all) {
    if (status.state != Liveness::dead && !status.figures.keeps_mail) nodes.insert(id);
  }
  return nodes;
}

NodeSet Membership::behind(MapVersion version) const {
  NodeSet nodes;
  const auto all = swim_->view();
  for (const auto& [id, status] : *all) {
    if (status.state != Liveness::dead && status.figures.map_version < version) nodes.insert(id);
  }
  return nodes;
}

NodeSet Membership::dead_for(Duration duration) const {
  NodeSet nodes;
  const auto all = swim_->view();
  for (const auto& [id, status] : *all) {
    if (status.state == Liveness::dead && swim_->age_of(status) >= duration) nodes.insert(id);
  }
  return nodes;
}

NodeSet Membership::old_disks() const {
  NodeSet nodes;
  const auto all = swim_->view();
  for (const auto& [id, status] : *all) {
    if (status.figures.old_disk) nodes.insert(id);
  }
  return nodes;
}

}  // namespace gridmail
