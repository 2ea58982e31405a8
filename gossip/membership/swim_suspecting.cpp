// The suspicions of Swim (Lifeguard, sections IV.B and IV.C).
#include "gossip/membership/swim.hpp"

namespace gridmail {

/// This node found no sign of life.
void Swim::suspect(NodeId node) {
  if (roster_.turn(node, Liveness::suspect, clock_.now())) {
    begin_suspicion(node);
    begin_check(node);
    changed(node);
  }
  const auto at = suspicions_.find(node);
  if (at != suspicions_.end() && at->second.confirm(self_id_)) rumours_.spread(node);
  arm_suspicions();
}

void Swim::begin_suspicion(NodeId node) {
  Suspicion::Terms terms;
  terms.min = suspicion_min(settings_, roster_.all().size());
  terms.max = std::chrono::duration_cast<Duration>(terms.min * settings_.suspicion_factor);
  const auto able = roster_.others(false).size();  // with the suspect, without this node
  terms.confirmations = able > settings_.confirmations ? settings_.confirmations : 0;
  suspicions_.insert_or_assign(node, Suspicion(clock_.now(), terms));
}

/// Who else suspects it counts, and is passed on. Of all who hear of a new suspicion a few tell the suspect,
/// however large the grid: it must hear of it in time to refute, and they see for themselves.
void Swim::heard_suspicion(const gossip::NodeRecord& record, NodeId node, bool is_new) {
  if (is_new || !suspicions_.contains(node)) {
    begin_suspicion(node);
    const auto members = static_cast<double>(roster_.all().size());
    if (random_.chance(static_cast<double>(settings_.tellers) / members)) begin_check(node);
  }
  auto& suspicion = suspicions_.at(node);
  const BytesView by = record.suspected_by();
  for (std::size_t at = 0; at + 16 <= by.size(); at += 16) {
    if (suspicion.confirm(*NodeId::from_bytes(by.substr(at, 16)))) rumours_.spread(node);
  }
  arm_suspicions();
}

/// Each ping says that its receiver is suspected (Lifeguard, section IV.C).
void Swim::begin_check(NodeId node) {
  const auto number = ++last_number_;
  checks_.insert_or_assign(node,
                           Check{number, clock_.now() + health_.stretch(settings_.probe_period), false});
  ping(node, address_of(node), number);
  if (check_timer_.is_set()) return;
  check_due_ = clock_.now() + settings_.gossip_period;
  check_timer_.set_at(check_due_, [this] { go_on_checking(); });
}

void Swim::go_on_checking() {
  const auto late = clock_.now() - check_due_;
  const bool unsure = stood_still(check_due_);
  for (auto at = checks_.begin(); at != checks_.end();) {
    auto& [node, check] = *at;
    const auto* status = roster_.find(node);
    if (status == nullptr || status->state != Liveness::suspect) {
      at = checks_.erase(at);
      continue;
    }
    if (unsure) check.concludes = check.concludes + late;
    if (!check.answered && check.concludes <= clock_.now()) suspect(node);
    ping(node, address_of(node), check.number);
    ++at;
  }
  if (!checks_.empty()) {
    check_due_ = clock_.now() + settings_.gossip_period;
    check_timer_.set_at(check_due_, [this] { go_on_checking(); });
  }
  publish();
}

void Swim::arm_suspicions() {
  if (suspicions_.empty()) return suspicion_timer_.cancel();
  TimePoint next = TimePoint::never();
  for (const auto& [node, suspicion] : suspicions_) next = std::min(next, suspicion.ends());
  // One that confirmations have just ended in the past is due now: its timer is not late (stood_still).
  suspicion_due_ = std::max(next, clock_.now());
  suspicion_timer_.set_at(suspicion_due_, [this] { bury_the_overdue(); });
}

void Swim::bury_the_overdue() {
  if (!stood_still(suspicion_due_)) {
    for (auto at = suspicions_.begin(); at != suspicions_.end();) {
      if (at->second.ends() > clock_.now()) {
        ++at;
        continue;
      }
      if (roster_.turn(at->first, Liveness::dead, clock_.now())) changed(at->first);
      at = suspicions_.erase(at);
    }
  }
  arm_suspicions();
  publish();
}

/// A timer that rings late says that this node itself stood still: what it did not hear meanwhile proves
/// nothing, and who is suspected gets the time back.
bool Swim::stood_still(TimePoint due) {
  const auto late = clock_.now() - due;
  if (late <= settings_.late_max) return false;
  if (due < awake_since_) return true;  // noticed already
  awake_since_ = clock_.now();
  health_.worsen();
  for (auto& [node, suspicion] : suspicions_) suspicion.postpone(late);
  arm_suspicions();
  return true;
}

}  // namespace gridmail
