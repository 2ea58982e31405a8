// Copies on a disk that was damaged before the torn end of its log: such a copy may lack what it had
// acknowledged (design, section 5, "Losing and rebuilding copies"). It stays in sync in the map, and is
// primary only when no sound one can be; where all are like that, they are compared, and the longest opens.
#include <tuple>

#include "node/base/log.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {
namespace {

constexpr auto compare_again = std::chrono::milliseconds(300);

}  // namespace

bool Slot::is_suspect() const {
  const bool doubtful = copy_.doubts() < context_.marks.doubts() || (copy_.damaged() && !copy_.trusted());
  return !copy_.blank() && doubtful && row_.in_sync.contains(context_.self) &&
         !context_.settings.sabotage.trust_suspects;
}

/// Asks the other in-sync copies how they stand.
void Slot::suspect_tick() {
  if (!is_suspect()) return;
  const auto now = context_.clock.now();
  if (!suspect_since_) suspect_since_ = now;
  if (compared_ && now - *compared_ < compare_again) return;
  compared_ = now;
  for (const auto& node : row_.in_sync) {
    if (node == context_.self) continue;
    auto ask = message();
    ask.mutable_compare();
    send(node, ask);
  }
}

void Slot::answer_compare(NodeId to) {
  auto answer = message();
  auto& standing = *answer.mutable_standing();
  standing.set_suspect(is_suspect());
  standing.set_lost(is_lost());
  standing.set_opened(copy_.opened_epoch());
  *standing.mutable_position() = to_record(copy_.position());
  send(to, answer);
}

void Slot::on_standing(NodeId from, const replication::Standing& standing) {
  if (!standing.lost()) standings_[from] = standing;
}

/// Which in-sync copy should be primary, as far as a suspect one can tell: a sound one that lives; else, once
/// all have answered or have been silent for long, the longest. Nothing while that is unclear.
std::optional<NodeId> Slot::fittest(const SlotTarget& target) const {
  const auto rank_of = [](Epoch opened, Position position, NodeId node) {
    return std::tuple(opened, position, node);
  };
  auto best = rank_of(copy_.opened_epoch(), copy_.position(), context_.self);
  bool unclear = false;
  for (const auto& node : row_.in_sync) {
    if (node == context_.self) continue;
    const auto standing = standings_.find(node);
    if (standing == standings_.end() || !target.signs.is_alive(node)) {
      unclear = true;
      continue;
    }
    if (!standing->second.suspect()) return node;
    best = std::max(best, rank_of(standing->second.opened(), from_record(standing->second.position()), node));
  }
  const bool waited =
      suspect_since_ && context_.clock.now() - *suspect_since_ >= context_.settings.suspect_patience;
  if (unclear && !waited) return std::nullopt;
  return std::get<NodeId>(best);
}

/// Nobody sound is there: what this copy holds is what the slot is.
void Slot::trust_copy() {
  log(Level::error, "slot.opens_with_suspect_copy",
      {{"slot", id_}, {"epoch", row_.epoch}, {"sequence", copy_.position().sequence}});
  copy_.trust(context_.marks.doubts());
  write(copy_.rewrite(), [](Slot&) {});
}

}  // namespace gridmail
