// What this node's part in a slot asks of the map: the situation for the plan, and the proposal.
#include "node/base/log.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {
namespace {

std::string brief(const SlotRow& row) {
  const auto list = [](const NodeSet& set) {
    std::string names;
    for (const auto& node : set) names += (names.empty() ? "" : ",") + node.brief();
    return names;
  };
  return fmt::format("{} of {} joining {} retired {}", row.primary ? row.primary->brief() : "none",
                     list(row.in_sync), list(row.joining), list(row.retired));
}

}  // namespace

/// Since when no in-sync copy gives a sign of life. One that was only out of this node's hearing takes its
/// place again: then this node is slower to believe it the next time.
void Slot::note_losses(const SlotTarget& target) {
  const bool all_lost = std::all_of(row_.in_sync.begin(), row_.in_sync.end(),
                                    [&](const NodeId& node) { return target.signs.is_dead(node); });
  if (!all_lost) {
    all_lost_since_.reset();
  } else if (!all_lost_since_) {
    all_lost_since_ = context_.clock.now();
  }
}

/// Asks for what the row should become. True when that is nothing, and would be so again in the same
/// surroundings.
bool Slot::plan(const SlotTarget& target) {
  const auto now = context_.clock.now();
  if (!target.in_touch || !context_.disk_checked) return false;
  if (asked_ && now - *asked_ < std::chrono::milliseconds(500)) return false;
  SlotSituation situation(context_.self, *map_, id_, row_);
  situation.is_alive = [&target](NodeId node) { return target.signs.is_alive(node); };
  situation.is_dead = [&target](NodeId node) { return target.signs.is_dead(node); };
  situation.is_full = [&target](NodeId node) { return target.signs.is_full(node); };
  situation.opened = opened_;
  situation.unfit = unfit_ || is_lost();
  situation.complete_part = !copy_.damaged() && (copy_.whole() || copy_.complete_to());
  situation.all_lost =
      all_lost_since_ && now - *all_lost_since_ >= context_.settings.lost_after * (1U << returns_);
  situation.suspect = is_suspect();
  if (situation.suspect) situation.fittest = fittest(target);
  if (situation.suspect && situation.fittest == context_.self && row_.primary == context_.self) {
    trust_copy();
    situation.suspect = false;
  }
  if (combining_) {
    situation.combined = combining_->finished;
    situation.heir = combining_->heir;
  }
  situation.restarted = restarted_epoch_ == row_.epoch;
  for (const auto& [node, peer] : peers_) {
    const auto patience = context_.settings.stuck_after * (peer.opened ? 1 : 4);
    if (peer.waiting_since && now - *peer.waiting_since >= patience) situation.stuck.insert(node);
    if (peer.refusal == Refusal::ahead) situation.ahead.insert(node);
    if (peer.refusal == Refusal::behind) situation.behind.insert(node);
    if (peer.lost_thread) situation.stuck.insert(node);
    if (peer.whole) situation.complete.insert(node);
    if (peer.filling) situation.filling.insert(node);
    if (peer.no_room) situation.no_room.insert(node);
  }
  situation.target = target.copies;
  situation.stand_ins = target.stand_ins;
  const bool keeps = keeps_what_was_given(target, now);
  if (!keeps) situation.preferred_primary = target.primary;
  situation.may_move = counted_in_ == &context_.moves || context_.moves < context_.settings.moves_max;
  situation.may_hand_over =
      counted_in_ == &context_.handovers || context_.handovers < context_.settings.handovers_max;
  const auto step = plan_slot(situation);
  if (step) {
    ask_for(*step);
  } else if (handing_over_) {
    ask_for({row_, false, false});  // the lease was given back: only a new epoch can answer again
  }
  return !step && !handing_over_ && !keeps && situation.may_move && situation.may_hand_over &&
         target.copies != nullptr;
}

bool Slot::keeps_what_was_given(const SlotTarget& target, TimePoint now) const {
  const auto& settings = context_.settings.plan;
  if (!settings.by_load || !given_at_ || now - *given_at_ >= settings.keeps_for) return false;
  const Member* self = map_->member(context_.self);
  return self != nullptr && self->may_be_primary() && target.copies != nullptr &&
         target.copies->contains(context_.self);
}

void Slot::ask_for(const SlotStep& step) {
  if (step.movement) count_in(step.hand_over ? &context_.handovers : &context_.moves);
  if (step.hand_over && !handing_over_) handing_over_ = true;
  if (step.hand_over) {
    if (!pending_.empty()) {  // what was accepted is committed first
      hands_over_next_ = step;
      return;
    }
    hands_over_next_.reset();
    context_.leases.hand_back(id_, row_.epoch, row_.others());
  }
  asked_ = context_.clock.now();
  log(Level::debug, "slot.asks", {{"slot", id_}, {"epoch", row_.epoch}, {"for", brief(step.row)}});
  context_.propose({id_, row_.epoch, step.row});
}

/// A slot is counted in one budget at most.
void Slot::count_in(std::atomic<std::size_t>* budget) {
  if (counted_in_ == budget) return;
  if (counted_in_ != nullptr) --*counted_in_;
  counted_in_ = budget;
  if (counted_in_ != nullptr) ++*counted_in_;
}

}  // namespace gridmail
