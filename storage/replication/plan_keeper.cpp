#include "storage/replication/plan_keeper.hpp"

namespace gridmail {

PlanKeeper::PlanPtr PlanKeeper::renew(const MapPtr& map, const SignsOfLife& signs,
                                      const std::function<NodeSet()>& dead_for_long, TimePoint now) {
  note_full(*map, signs, now);
  if (plan_ && now - planned_at_ < settings_.renewal) return plan_;
  planned_at_ = now;
  auto by = hints(*map, signs, dead_for_long(), now);
  if (plan_ && plan_->map->version == map->version && plan_->hints == by) return plan_;
  auto plan = std::make_shared<Plan>();
  plan->map = map;
  plan->placement = plan_placement(*map, by);
  plan->hints = std::move(by);
  plan_ = std::move(plan);
  return plan_;
}

void PlanKeeper::note_full(const Map& map, const SignsOfLife& signs, TimePoint now) {
  for (const auto& member : map.members) {
    if (signs.is_full(member.id)) full_at_[member.id] = now;
  }
}

PlanHints PlanKeeper::hints(const Map& map, const SignsOfLife& signs, const NodeSet& dead_for_long,
                            TimePoint now) {
  PlanHints hints;
  for (const auto& member : map.members) {
    const auto full = full_at_.find(member.id);
    if (full != full_at_.end() && now - full->second < settings_.full_for) hints.full.insert(member.id);
    if (member.id == self_) continue;
    const bool alive = signs.is_alive(member.id);
    if (!alive) silent_at_[member.id] = now;
    const auto silent = silent_at_.find(member.id);
    const bool is_back = silent == silent_at_.end() || now - silent->second >= settings_.back_for;
    if (!alive || !is_back) hints.away.insert(member.id);
    if (!alive && dead_for_long.contains(member.id) && member.maintenance_until == 0) {
      hints.gone.insert(member.id);
    }
  }
  if (!settings_.by_load) return hints;
  if (rates_.size() != map.rows.size()) {  // just started: the others' figures have yet to come
    rates_.assign(map.rows.size(), 0);
    rates_at_ = now;
  }
  if (now - rates_at_ >= settings_.loads_every) {
    rates_ = loads_.loads(map, self_, now);
    rates_at_ = now;
  }
  hints.loads = rates_;
  return hints;
}

}  // namespace gridmail
