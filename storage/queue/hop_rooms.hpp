// HopRooms: how many parcels of one next hop are under way from this node's slots, and who waits for room.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace gridmail {

/// What is due stays in the store until there is room: so a million messages for one hop are 200 tasks, and a
/// slot is looked at again when its turn comes. Some of the room is kept for senders of whom little is under
/// way: their mail waits in no store behind what another sends. Thread-safe.
class HopRooms {
 public:
  struct Settings {
    std::size_t each_max = 200;      ///< some times what goes to one hop at once
    std::size_t called_below = 100;  ///< of these: who waits is called for many places at once
    std::size_t kept_for_few = 50;   ///< of these: for senders of whom fewer than `few` are inside
    std::size_t few = 5;
    std::size_t all_max = 20'000;
    std::size_t waiting_max = 100'000;
  };
  HopRooms() : HopRooms(Settings{}) {}
  explicit HopRooms(Settings settings) : settings_(settings) {}

  enum class Entry : std::uint8_t {
    inside,   ///< leaves later
    waiting,  ///< `look` is called once, by who leaves
    full,     ///< too much goes on, or waits, to remember anybody: to be tried again after a while
  };
  /// `sender`: its sender_mark. Without a `look` who has no room is called already.
  [[nodiscard]] Entry enter(const std::string& hop, std::uint64_t sender, const std::function<void()>& look);
  /// Calls those who have waited longest for that hop, once there is much room.
  void leave(const std::string& hop, std::uint64_t sender);

 private:
  struct Hop {
    std::size_t inside = 0;
    std::map<std::uint64_t, std::size_t> by_sender;
    std::deque<std::function<void()>> waiting;
  };
  [[nodiscard]] bool has_room(const Hop& hop, std::uint64_t sender) const;

  const Settings settings_;
  std::mutex mutex_;
  std::map<std::string, Hop> hops_;
  std::size_t inside_ = 0, waiting_ = 0;
};

}  // namespace gridmail
