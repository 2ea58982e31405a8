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
  tell.mutable_acknowledge()->set_damaged(true);
  send(*row_.primary, tell);
}

void Slot::on_mended() {
  if (!copy_.damaged()) return;
  log(Level::info, "slot.mended", {{"slot", id_}, {"epoch", row_.epoch}});
  write(copy_.mended(), [](Slot& slot) { slot.fill_asked_.reset(); });
}

// --- the primary

/// A damaged copy holds everything up to its position but for what its disk has lost.
bool Slot::can_compare(NodeId node, const Peer& peer) const {
  return peer.opened && peer.refusal == Refusal::none && (row_.in_sync.contains(node) || peer.damaged);
}

void Slot::on_damaged(NodeId from, Peer& peer) {
  if (!peer.compared) {
    settled_in_ = 0;
    peer.damaged = true;
    return;
  }
  auto tell = message();
  tell.mutable_mended();
  send(from, tell);
}

bool Slot::must_mend() const {
  return access_ && std::any_of(peers_.begin(), peers_.end(), [this](const auto& item) {
           const auto& [node, peer] = item;
           return can_compare(node, peer) && !peer.compared && (peer.damaged || copy_.damaged());
         });
}

Slot::Mending Slot::begin_mending() const {
  Mending mending;
  for (const auto& node : others_to_compare()) mending.emplace(node, peers_.at(node).restarts);
  return mending;
}

bool Slot::can_go_on(const Mending& mending) const {
  return !mending.empty() && begin_mending() == mending;
}

void Slot::end_mending(const Mending& mending) {
  bool had_sound_one = false;
  for (const auto& [node, restarts] : mending) {
    auto& peer = peers_.at(node);
    had_sound_one |= !peer.damaged && !peer.anew;
    peer.compared = true;
    if (std::exchange(peer.damaged, false)) on_damaged(node, peer);
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
  return copy_.lacks_records() && peer != peers_.end() && !peer->second.damaged;
}

/// This primary's disk lost records which another node may still hold: nobody is to see the slot without
/// them, unless that lasts.
bool Slot::waits_for_records() const {
  if (context_.clock.now() - *held_back_ >= context_.settings.suspect_patience) return false;
  const auto may_have_them = [this](NodeId node) {
    const auto peer = peers_.find(node);
    return peer == peers_.end() || !(peer->second.compared || peer->second.anew);
  };
  const NodeSet others = row_.others();
  return std::any_of(others.begin(), others.end(), may_have_them) ||
         std::any_of(row_.retired.begin(), row_.retired.end(), may_have_them) ||
         std::any_of(row_.partial.begin(), row_.partial.end(), may_have_them);
}

}  // namespace gridmail
