// Mending: a copy whose disk lost records is compared with the primary's from beginning to end, each gets
// what it lacks of the other, and then it counts again. It is not made anew instead: reading all of it is how
// the primary's own disk shows what it has lost unnoticed, and then what is left here may be all there is.
#include <algorithm>
#include <utility>

#include "node/base/log.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {

// --- the damaged copy

/// It is compared before it counts.
void Slot::tell_that_damaged() {
  fill_asked_ = context_.clock.now();
  auto tell = message();
  tell.mutable_acknowledge()->set_sequence(durable_);
  tell.mutable_acknowledge()->set_damaged(context_.marks.newest().start);
  send(*row_.primary, tell);
}

void Slot::on_mended(std::uint64_t start) {
  if (!copy_.damaged() || start != context_.marks.newest().start) return;
  log(Level::info, "slot.mended", {{"slot", id_}, {"epoch", row_.epoch}});
  write(copy_.mended(), [](Slot& slot) { slot.fill_asked_.reset(); });
}

// --- the primary

/// A damaged copy holds everything up to its position but for what its disk has lost.
bool Slot::can_compare(NodeId node, const Peer& peer) const {
  return peer.opened && peer.refusal == Refusal::none && (row_.in_sync.contains(node) || peer.damaged != 0);
}

void Slot::on_damaged(NodeId from, Peer& peer, std::uint64_t start) {
  if (peer.compared != start) {
    settled_in_ = 0;
    peer.damaged = start;
    return;
  }
  auto tell = message();
  tell.mutable_mended()->set_start(start);
  send(from, tell);
}

/// One that was filled by this node in this epoch knows nothing that is not here.
bool Slot::must_mend() const {
  return access_ && std::any_of(peers_.begin(), peers_.end(), [this](const auto& item) {
           const auto& [node, peer] = item;
           const bool may_help = copy_.lacks_records() && !peer.anew;
           return can_compare(node, peer) && peer.compared != peer.damaged && (peer.damaged != 0 || may_help);
         });
}

Slot::Mending Slot::begin_mending() const {
  Mending mending;
  for (const auto& node : others_to_compare()) mending.emplace(node, peers_.at(node).damaged);
  return mending;
}

bool Slot::can_go_on(const Mending& mending) const {
  return !mending.empty() && begin_mending() == mending;
}

void Slot::end_mending(const Mending& mending) {
  bool had_sound_one = false;
  for (const auto& [node, start] : mending) {
    auto& peer = peers_.at(node);
    had_sound_one |= start == 0 && !peer.anew;
    peer.compared = start;
    if (start != 0) on_damaged(node, peer, start);
  }
  if (!copy_.damaged()) return;
  if (had_sound_one) {
    write(copy_.mended(), [](Slot&) {});
  } else {
    settle_losses();
  }
}

void Slot::settle_losses() {
  log(Level::error, "slot.records_lost", {{"slot", id_}, {"epoch", row_.epoch}});
  write(copy_.settle(), [](Slot&) {});
}

bool Slot::takes_word_of(NodeId other) const {
  const auto peer = peers_.find(other);
  return copy_.lacks_records() && peer != peers_.end() && peer->second.damaged == 0;
}

/// This primary's disk lost records which another node may still hold: nobody is to see the slot without
/// them, unless that lasts, or the other node is gone.
bool Slot::waits_for_records() const {
  if (context_.clock.now() - *held_back_ >= context_.settings.suspect_patience) return false;
  const NodeSet gone = context_.dead_for_long();
  const auto may_have_them = [&](NodeId node) {
    const auto peer = peers_.find(node);
    const bool was_asked = peer != peers_.end() && (peer->second.compared || peer->second.anew);
    return !was_asked && !gone.contains(node);
  };
  const NodeSet others = row_.others();
  return std::any_of(others.begin(), others.end(), may_have_them) ||
         std::any_of(row_.retired.begin(), row_.retired.end(), may_have_them) ||
         std::any_of(row_.partial.begin(), row_.partial.end(), may_have_them);
}

}  // namespace gridmail
