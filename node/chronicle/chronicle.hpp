// Chronicle: what happened to nodes of late, read off two looks at the grid: deaths, returns, drains,
// take-overs. In memory: the other nodes remember what was before this one started.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gossip/register/map.hpp"
#include "node/chronicle/chronicle.pb.h"

namespace gridmail {

/// Thread-safe.
class Chronicle {
 public:
  static constexpr std::size_t events_max = 200;
  /// Slots that change their primary within this time are one event.
  static constexpr Duration together_within = std::chrono::seconds(15);

  /// The grid as it is now. The first look only learns how things are; what was silent twice in a row is
  /// called silent.
  void look(const Map& map, const std::function<bool(NodeId)>& is_alive, WallMicros now);
  /// Oldest first.
  [[nodiscard]] chronicle::Events events() const;

 private:
  struct Seen {
    std::string name;
    MemberState state = MemberState::active;
    bool away = false;
    bool heard = false;  ///< since this node started
    std::uint32_t silent_looks = 0;
    bool called_silent = false;
  };
  using What = chronicle::Event::What;

  void note(What what, NodeId node, const std::string& name, WallMicros now);
  void look_at_member(const Member& member, bool alive, WallMicros now);
  void look_at_primaries(const Map& map, const std::function<bool(NodeId)>& is_alive, WallMicros now);
  void note_take_over(What what, NodeId from, NodeId to, WallMicros now);

  mutable std::mutex mutex_;
  bool looked_ = false;
  MapVersion version_ = 0;
  std::map<NodeId, Seen> members_;
  std::vector<std::optional<NodeId>> primaries_;  ///< by row of the map
  std::deque<chronicle::Event> events_;
};

/// "silent", "returned", "taken_over" and so on.
[[nodiscard]] std::string_view name_of(chronicle::Event::What what);

}  // namespace gridmail
