// What a test may know of the whole grid at once, and what it tells of it.
#include "node/base/log.hpp"
#include "tests/simulator/world.hpp"

namespace gridmail::sim {

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
  if (!keeps_majority_without(map->voters, node) || !keeps_majority_without(map->voters_before, node))
    return false;
  return std::all_of(map->rows.begin(), map->rows.end(), [&](const SlotRow& row) {
    if (!row.in_sync.contains(nodes_[node]->id)) return true;
    return std::any_of(row.in_sync.begin(), row.in_sync.end(), [&](NodeId id) {
      const std::size_t other = number_of(id);
      return other != node && !nodes_[other]->destroyed;
    });
  });
}

void World::check_copies_equal() const {
  const auto map = newest_map();
  for (SlotId id = 0; id < map->rows.size(); ++id) {
    for (const auto family : {Family::meta, Family::body}) {
      std::optional<std::map<Bytes, Bytes>> first;
      for (const auto& node : map->rows[id].in_sync) {
        const auto& all = nodes_[number_of(node)]->disk->contents(family);
        std::map<Bytes, Bytes> here(all.lower_bound(slot_begin(id)), all.lower_bound(slot_begin(id + 1)));
        if (!first) {
          first = std::move(here);
        } else if (*first != here) {
          throw Violation("slot " + std::to_string(id) + ": copies differ");
        }
      }
    }
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
         (row.primary ? std::to_string(number_of(*row.primary)) : "none") + " in sync" + list(row.in_sync) +
         " joining" + list(row.joining) + " retired" + list(row.retired) + " partial" + list(row.partial);
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
