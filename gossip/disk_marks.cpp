#include "gossip/disk_marks.hpp"

#include <algorithm>

#include "gossip/disk_marks.pb.h"
#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr std::size_t own_marks_max = 4096;
constexpr BytesView own_key = "disk/own";
constexpr BytesView peer_prefix = "disk/of/";

Bytes peer_key(NodeId peer) {
  return Bytes(peer_prefix) + peer.bytes();
}

void to_record(DiskMarks::Mark mark, gossip::DiskMark& record) {
  record.set_start(mark.start);
  record.set_chance(mark.chance);
}

DiskMarks::Mark from_record(const gossip::DiskMark& record) {
  return {record.start(), record.chance()};
}

}  // namespace

Task<Result<void>> DiskMarks::load(WallMicros wall, Random& random, bool damaged) {
  auto& state = *state_;
  const auto view = state.store.snapshot();
  const auto own = co_await view->get(Family::node, Bytes(own_key));
  if (!own) co_return tl::unexpected(own.error());
  gossip::DiskRecord record;
  if (*own && !record.ParseFromString(**own)) co_return fail(Errc::corrupted, "the disk's marks");
  for (const auto& mark : record.marks()) state.own.push_back(from_record(mark));
  state.life = record.life();
  state.doubts = record.doubts() + (damaged ? 1 : 0);

  Bytes next(peer_prefix);
  Bytes end(peer_prefix);
  ++end.back();
  for (bool more = true; more;) {
    const auto page = co_await view->scan(Family::node, next, end, 1000, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      const auto peer = NodeId::from_bytes(BytesView(pair.key).substr(peer_prefix.size()));
      gossip::DiskMark mark;
      if (!peer || !mark.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "a peer's mark");
      state.remembered[*peer] = from_record(mark);
      next = pair.key + '\0';
    }
    more = page->more;
  }

  const std::uint64_t last = state.own.empty() ? 0 : state.own.back().start;
  state.newest = {std::max(last + 1, static_cast<std::uint64_t>(std::max<WallMicros>(wall, 0))),
                  random.u64()};
  state.own.push_back(state.newest);
  if (state.own.size() > own_marks_max) state.own.erase(state.own.begin());
  co_return co_await state.store.commit(own_record(state));
}

Batch DiskMarks::own_record(const State& state) {
  gossip::DiskRecord record;
  for (const auto& mark : state.own) to_record(mark, *record.add_marks());
  record.set_life(state.life);
  record.set_doubts(state.doubts);
  Batch batch;
  batch.put(Family::node, Bytes(own_key), record.SerializeAsString());
  return batch;
}

/// One from before the list begins cannot be told from one that is missing; the list is long.
bool DiskMarks::has(const State& state, Mark mark) {
  const bool cut = state.own.size() >= own_marks_max && mark < state.own.front();
  return cut || std::binary_search(state.own.begin(), state.own.end(), mark);
}

DiskMarks::Mark DiskMarks::newest() const {
  const std::lock_guard lock(state_->mutex);
  return state_->newest;
}

std::uint64_t DiskMarks::life() const {
  const std::lock_guard lock(state_->mutex);
  return state_->life;
}

std::optional<DiskMarks::Mark> DiskMarks::remembered(NodeId peer) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->remembered.find(peer);
  return found == state_->remembered.end() ? std::nullopt : std::optional(found->second);
}

std::optional<DiskMarks::Mark> DiskMarks::checked(NodeId peer) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->checked.find(peer);
  return found == state_->checked.end() ? std::nullopt : std::optional(found->second);
}

bool DiskMarks::on_memory(NodeId peer, std::optional<Mark> of_this_node) {
  auto& state = *state_;
  std::unique_lock lock(state.mutex);
  if (!of_this_node) {
    state.met.insert(peer);
    return false;
  }
  const auto found = state.checked.find(peer);
  if (found != state.checked.end() && found->second == *of_this_node) return false;
  state.checked[peer] = *of_this_node;
  state.met.insert(peer);
  if (has(state, *of_this_node)) return true;
  // Another life: what was stored before counts as lost, and the mark is this disk's from now on.
  log(Level::error, "disk.is_old", {{"peer", peer.brief()}, {"start", of_this_node->start}});
  state.own.insert(std::upper_bound(state.own.begin(), state.own.end(), *of_this_node), *of_this_node);
  if (of_this_node->start >= state.newest.start) {
    state.newest.start = of_this_node->start + 1;  // the clock on the wall has gone back
    state.own.push_back(state.newest);
  }
  ++state.life;
  Batch batch = own_record(state);
  lock.unlock();
  state.store.commit(std::move(batch), [](const Result<void>&) {});  // before whatever builds on it: in order
  return true;
}

bool DiskMarks::on_mark(NodeId peer, Mark newest, std::optional<Mark> checked) {
  auto& state = *state_;
  std::unique_lock lock(state.mutex);
  const auto known = state.remembered.find(peer);
  if (known != state.remembered.end()) {
    if (known->second == newest) return false;
    if (checked != known->second) return true;  // it has yet to look for what is remembered of it
  }
  auto& noting = state.noting[peer];
  if (noting == newest) return false;
  noting = newest;
  lock.unlock();
  gossip::DiskMark record;
  to_record(newest, record);
  Batch batch;
  batch.put(Family::node, peer_key(peer), record.SerializeAsString());
  state.store.commit(std::move(batch), [state = state_, peer, newest](const Result<void>& result) {
    const std::lock_guard inner(state->mutex);
    if (result) state->remembered[peer] = newest;
    if (state->noting[peer] == newest) state->noting.erase(peer);
  });
  return false;
}

bool DiskMarks::has_met(NodeId peer) const {
  const std::lock_guard lock(state_->mutex);
  return state_->met.contains(peer);
}

bool DiskMarks::knows(NodeId peer, std::uint64_t start) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->remembered.find(peer);
  return found != state_->remembered.end() && found->second.start == start;
}

}  // namespace gridmail
