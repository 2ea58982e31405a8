// What a test may know of the whole grid at once, and what it tells of it.
#include <algorithm>

#include "node/base/log.hpp"
#include "tests/simulator/world.hpp"

namespace gridmail::sim {

using namespace std::chrono_literals;

MapPtr World::newest_map() const {
  MapPtr newest;
  for (const auto& node : nodes_) {
    if (!node->life || !node->life->core) continue;
    const auto map = node->life->core->map();
    if (map && (!newest || map->version > newest->version)) newest = map;
  }
  return newest;
}

bool World::is_whole() const {
  const auto map = newest_map();
  if (!map) return false;
  std::size_t live = 0;
  for (const auto& node : nodes_) live += node->life ? 1 : 0;
  const std::size_t copies = std::min<std::size_t>(map->settings.copies, live);
  for (const auto& row : map->rows) {
    if (row.in_sync.size() < copies || !row.joining.empty() || !row.primary) return false;
    for (const auto& node : row.in_sync) {
      const std::size_t number = number_of(node);
      if (number == nodes_.size() || !nodes_[number]->life) return false;
    }
    const auto& primary = nodes_[number_of(*row.primary)];
    if (!primary->life->core->running()) return false;
    const auto slot = primary->life->core->slots().find(static_cast<SlotId>(&row - map->rows.data()));
    if (!slot || !slot->opened() || slot->row().epoch != row.epoch) return false;
  }
  return true;
}

namespace {

// What whole numbers and a few slots cannot express.
constexpr double copies_off_max = 1.0;
constexpr double primaries_off_max = 2.0;

}  // namespace

void World::check_balance() const {
  if (options_.core.replication.plan.by_load) return;  // load counts there, not numbers
  const auto map = newest_map();
  double weights = 0;
  std::size_t storing = 0;
  for (const auto& member : map->members) {
    if (!member.zone.empty()) return;
    weights += member.weight;
    storing += member.weight > 0 ? 1 : 0;
  }
  const auto rows = static_cast<double>(map->rows.size());
  const auto copies = static_cast<double>(std::min<std::size_t>(map->settings.copies, storing));
  for (const auto& member : map->members) {
    const double share = member.weight / weights;
    const double copies_fair = std::min(rows, rows * copies * share);
    const auto held = std::count_if(map->rows.begin(), map->rows.end(),
                                    [&](const SlotRow& row) { return row.in_sync.contains(member.id); });
    const auto primaries = std::count_if(map->rows.begin(), map->rows.end(),
                                         [&](const SlotRow& row) { return row.primary == member.id; });
    const auto off = std::abs(static_cast<double>(held) - copies_fair);
    const auto primaries_off = std::abs(static_cast<double>(primaries) - rows * share);
    if (off <= copies_off_max && primaries_off <= primaries_off_max) continue;
    throw Violation("node" + std::to_string(number_of(member.id)) + " has " + std::to_string(held) +
                    " copies and " + std::to_string(primaries) + " primaries of " +
                    std::to_string(map->rows.size()) + " slots, which is not its share");
  }
}

bool World::has_its_voters() const {
  const auto map = newest_map();
  const std::size_t members = map->members.size();
  return map->voters_before.empty() && map->voters.size() >= (members >= 3 ? 3 : 1);
}

/// No newer one can have been agreed without a voter that is up and knows of it.
bool World::knows_newest_map() const {
  const auto map = newest_map();
  if (!map) return false;
  for (const auto* voters : {&map->voters, &map->voters_before}) {
    for (const auto& voter : *voters) {
      const auto& life = nodes_[number_of(voter)]->life;
      if (!life || !life->core->running()) return false;
      if (life->core->map_register().accepted_version() > map->version) return false;
    }
  }
  return true;
}

bool World::keeps_majority_without(const NodeSet& voters, std::size_t node) const {
  const auto left = std::count_if(voters.begin(), voters.end(), [&](NodeId voter) {
    const std::size_t number = number_of(voter);
    return number != node && !nodes_[number]->destroyed;
  });
  return voters.empty() || static_cast<std::size_t>(left) * 2 > voters.size();
}

bool World::may_destroy(std::size_t node) const {
  if (!knows_newest_map()) return false;
  const auto map = newest_map();
  // A slot with one copy that moves may be about to leave the old one.
  if (map->settings.copies < 2) return false;
  // So may this node be about to be the only one in sync, of a slot that then may commit alone.
  if (map->settings.copies_min < 2 && !is_whole()) return false;
  if (!keeps_majority_without(map->voters, node) || !keeps_majority_without(map->voters_before, node))
    return false;
  return std::all_of(map->rows.begin(), map->rows.end(), [&](const SlotRow& row) {
    if (!row.in_sync.contains(nodes_[node]->id)) return true;
    return std::any_of(row.in_sync.begin(), row.in_sync.end(), [&](NodeId id) {
      const std::size_t other = number_of(id);
      return other != node && nodes_[other]->life && !nodes_[other]->paused;
    });
  });
}

bool World::may_destroy_last_copies(std::size_t node) const {
  if (!knows_newest_map()) return false;
  const auto map = newest_map();
  if (map->settings.copies < 2 || map->settings.copies_min < 2) return false;
  if (!keeps_majority_without(map->voters, node) || !keeps_majority_without(map->voters_before, node))
    return false;
  return std::all_of(map->rows.begin(), map->rows.end(), [&](const SlotRow& row) {
    std::size_t left = 0;
    for (const auto* set : {&row.in_sync, &row.joining, &row.retired, &row.partial}) {
      for (const auto& id : *set) {
        const std::size_t number = number_of(id);
        if (nodes_[number]->destroyed) return false;
        left += number != node ? 1 : 0;
      }
    }
    return row.paired && !row.alone && left > 0;
  });
}

namespace {

using Pairs = std::map<Bytes, Bytes>;

/// The first key of which two copies hold something else, in hex; nothing when there is none.
std::string first_difference(const Pairs& one, const Pairs& other) {
  const auto ends = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  if (ends.first == one.end() && ends.second == other.end()) return {};
  if (ends.first == one.end()) return to_hex(ends.second->first);
  if (ends.second == other.end()) return to_hex(ends.first->first);
  return to_hex(std::min(ends.first->first, ends.second->first));
}

}  // namespace

std::string World::difference_of_copies() const {
  const auto map = newest_map();
  for (SlotId id = 0; id < map->rows.size(); ++id) {
    for (const auto family : {Family::meta, Family::body}) {
      std::optional<Pairs> first;
      for (const auto& node : map->rows[id].in_sync) {
        const auto& all = nodes_[number_of(node)]->disk->contents(family);
        Pairs here(all.lower_bound(slot_begin(id)), all.lower_bound(slot_begin(id + 1)));
        if (!first) {
          first = std::move(here);
        } else if (*first != here) {
          return "slot " + std::to_string(id) + ": copies differ in " + first_difference(*first, here);
        }
      }
    }
  }
  return {};
}

void World::check_copies_equal(const std::function<void()>& check) {
  std::string difference;
  const auto equal = [&] {
    difference = difference_of_copies();
    return difference.empty();
  };
  // Sweeps go on while nobody asks for anything: the others have each operation first.
  for (int attempt = 0; attempt < 20 && !equal(); ++attempt) run_for(51ms, {}, check);
  Subject about;
  if (!difference.empty()) {
    about.slot = static_cast<SlotId>(std::stoul(difference.substr(5)));
    throw Violation(difference, about);
  }
}

// --- for people

std::string World::list(const NodeSet& nodes) const {
  std::string names;
  for (const auto& node : nodes) names += " " + std::to_string(number_of(node));
  return names;
}

std::string World::describe(const SlotRow& row) const {
  return "epoch " + std::to_string(row.epoch) + " primary " +
         (row.primary ? std::to_string(number_of(*row.primary)) : "none") +
         (row.combining ? " combining " + std::to_string(number_of(*row.combining)) : "") + " in sync" +
         list(row.in_sync) + " joining" + list(row.joining) + " retired" + list(row.retired) + " partial" +
         list(row.partial) + (row.alone ? " alone" : "");
}

std::string World::describe() const {
  std::string text;
  const auto map = newest_map();
  if (!map) return "no map";
  for (const auto& node : nodes_) {
    text += node->name + " " + node->id.brief() +
            (node->life        ? " up"
             : node->destroyed ? " destroyed"
                               : " down");
    if (node->life && node->life->core && node->life->core->map())
      text += " map " + std::to_string(node->life->core->map()->version);
    if (const auto plan =
            node->life && node->life->core->running() ? node->life->core->slots().plan() : nullptr)
      text += " plans without" + list(plan->hints.away);
    text += "\n";
  }
  text += "map " + std::to_string(map->version) + " voters" + list(map->voters) + " before" +
          list(map->voters_before) + "\n";
  for (SlotId id = 0; id < map->rows.size(); ++id) {
    text += "slot " + std::to_string(id) + " " + describe(map->rows[id]);
    for (const auto& node : nodes_) {
      if (!node->life || !node->life->core || !node->life->core->running()) continue;
      const auto slot = node->life->core->slots().find(id);
      if (slot) text += " | " + node->name + ": " + slot->describe();
    }
    text += "\n";
  }
  return text;
}

void World::note(Subject subject, const std::function<std::string()>& what) {
  if (options_.history != nullptr) options_.history->note(clock_.now(), subject, what());
}

/// What the register agrees on is one map.
void World::compare(const MapPtr& map) {
  const auto first = agreed_.emplace(map->version, map).first->second;
  if (first != map && *first != *map) disagreement_ = map->version;
}

/// The rows that changed since the last map.
void World::record(const MapPtr& map) {
  if (recorded_ && map->version <= recorded_->version) return;
  const bool voters =
      !recorded_ || recorded_->voters != map->voters || recorded_->voters_before != map->voters_before;
  if (voters) note({}, [&] { return "voters" + list(map->voters) + " before" + list(map->voters_before); });
  for (SlotId id = 0; id < map->rows.size(); ++id) {
    const auto& row = map->rows[id];
    if (recorded_ && recorded_->rows[id] == row) continue;
    note({id}, [&] {
      return "map " + std::to_string(map->version) + ": slot " + std::to_string(id) + " " + describe(row);
    });
  }
  recorded_ = map;
}

/// What the nodes themselves say, without the real time in front.
void World::record_log() {
  set_log_level(Level::debug);
  set_log_sink([this](Level, std::string_view line) {
    Subject subject;
    const auto at = line.find(" slot=");
    if (at != std::string_view::npos)
      subject.slot = static_cast<SlotId>(std::stoul(std::string(line.substr(at + 6))));
    const auto event = line.find(' ', line.find(' ') + 1);
    note(subject, [&] {
      return (running_ != nullptr ? running_->name : std::string("?")) + std::string(line.substr(event));
    });
  });
}

}  // namespace gridmail::sim
