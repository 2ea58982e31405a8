#include "node/chronicle/chronicle.hpp"

#include <array>

namespace gridmail {
namespace {

constexpr std::uint32_t silent_looks_min = 2;

}  // namespace

std::string_view name_of(chronicle::Event::What what) {
  static constexpr std::array<std::string_view, 10> names = {"silent",     "returned",   "joined", "removed",
                                                             "draining",   "leaving",    "away",   "working",
                                                             "taken_over", "handed_over"};
  const auto index = static_cast<std::size_t>(what);
  return index < names.size() ? names[index] : "unknown";
}

void Chronicle::note(What what, NodeId node, const std::string& name, WallMicros now) {
  auto& event = events_.emplace_back();
  event.set_what(what);
  event.set_node(node.bytes());
  event.set_name(name);
  event.set_at(now);
  if (events_.size() > events_max) events_.pop_front();
}

void Chronicle::look(const Map& map, const std::function<bool(NodeId)>& is_alive, WallMicros now) {
  const std::lock_guard lock(mutex_);
  if (looked_ && map.version < version_) return;
  for (const auto& member : map.members) look_at_member(member, is_alive(member.id), now);
  if (!looked_ || map.version != version_) look_at_primaries(map, is_alive, now);
  for (auto seen = members_.begin(); seen != members_.end();) {
    if (map.member(seen->first) != nullptr) {
      ++seen;
      continue;
    }
    note(chronicle::Event::REMOVED, seen->first, seen->second.name, now);
    seen = members_.erase(seen);
  }
  version_ = map.version;
  looked_ = true;
}

void Chronicle::look_at_member(const Member& member, bool alive, WallMicros now) {
  using chronicle::Event;
  const auto [found, is_new] = members_.try_emplace(member.id);
  auto& seen = found->second;
  seen.name = member.name;
  const bool away = member.maintenance_until != 0;
  if (is_new) {
    if (looked_) note(Event::JOINED, member.id, member.name, now);
  } else if (member.state != seen.state || away != seen.away) {
    const auto what = member.state == MemberState::leaving    ? Event::LEAVING
                      : member.state == MemberState::draining ? Event::DRAINING
                      : away                                  ? Event::AWAY
                                                              : Event::WORKING;
    note(what, member.id, member.name, now);
  }
  seen.state = member.state;
  seen.away = away;
  if (alive) {
    if (seen.called_silent) note(Event::RETURNED, member.id, member.name, now);
    seen.heard = true;
    seen.called_silent = false;
    seen.silent_looks = 0;
  } else if (seen.heard && !seen.called_silent && ++seen.silent_looks >= silent_looks_min) {
    seen.called_silent = true;
    note(Event::SILENT, member.id, member.name, now);
  }
}

/// What the balancer shifts between nodes that work is nothing that happened to a node.
void Chronicle::look_at_primaries(const Map& map, const std::function<bool(NodeId)>& is_alive,
                                  WallMicros now) {
  const bool is_known = primaries_.size() == map.rows.size();
  primaries_.resize(map.rows.size());
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    const auto& now_primary = map.rows[i].primary;
    if (!now_primary) continue;  // who takes over is still to come
    const auto before = std::exchange(primaries_[i], now_primary);
    if (!is_known || !before || before == now_primary) continue;
    const auto* member = map.member(*before);
    if (member == nullptr) continue;
    if (!is_alive(*before)) {
      note_take_over(chronicle::Event::TAKEN_OVER, *before, *now_primary, now);
    } else if (!member->may_be_primary()) {
      note_take_over(chronicle::Event::HANDED_OVER, *before, *now_primary, now);
    }
  }
}

void Chronicle::note_take_over(What what, NodeId from, NodeId to, WallMicros now) {
  chronicle::Event* event = nullptr;
  for (auto& one : events_) {
    const bool is_same = one.what() == what && one.node() == from.bytes();
    if (is_same && now - one.at() <= to_micros(together_within)) event = &one;
  }
  if (event == nullptr) {
    note(what, from, members_[from].name, now);
    event = &events_.back();
  }
  event->set_slots(event->slots() + 1);
  const auto& by = event->by();
  if (std::find(by.begin(), by.end(), to.bytes()) == by.end()) event->add_by(to.bytes());
}

chronicle::Events Chronicle::events() const {
  const std::lock_guard lock(mutex_);
  chronicle::Events all;
  for (const auto& event : events_) *all.add_events() = event;
  return all;
}

}  // namespace gridmail
