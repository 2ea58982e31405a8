// DestinationLanes: how many messages go to one next hop at once, which learns from success and failure.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "node/base/clock.hpp"
#include "node/base/store.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {

/// Nothing goes to a hop until then.
struct HopPause {
  TimePoint until;
  WallMicros since = 0;
  bool rests = false;  ///< it could not be reached; otherwise too much waits for it
};

/// Thread-safe. For each hop senders have their turns, and of one sender who came first is served first: who
/// sends much holds up nobody else. A hop that could not be reached rests, longer each time, and whoever
/// waits for it is refused at once: so nobody else waits behind it. Must outlive its lanes.
class DestinationLanes {
 public:
  struct Settings {
    std::size_t lanes_first = 2;
    std::size_t lanes_max = 20;
    std::size_t waiting_max = 1000;  ///< for one hop
    std::size_t kept_for_few = 200;  ///< of these, for senders of whom fewer than `few` wait
    std::size_t few = 5;
    std::size_t hops_max = 10'000;  ///< known at once; of more the idle ones are forgotten
    Duration rest_first = std::chrono::seconds(5);
    Duration rest_max = std::chrono::minutes(2);
  };
  explicit DestinationLanes(Clock& clock) : DestinationLanes(clock, Settings{}) {}
  DestinationLanes(Clock& clock, Settings settings) : clock_(clock), settings_(settings) {}

  /// A place in a lane, given back when destroyed.
  class Lane {
   public:
    Lane(DestinationLanes* owner, std::string hop) : owner_(owner), hop_(std::move(hop)) {}
    Lane(Lane&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), hop_(std::move(other.hop_)) {}
    Lane& operator=(Lane&&) = delete;
    ~Lane() {
      if (owner_ != nullptr) owner_->leave(hop_, std::nullopt);
    }
    /// Gives it back with what was learnt.
    void leave(bool reached) { std::exchange(owner_, nullptr)->leave(hop_, reached); }

   private:
    DestinationLanes* owner_;
    std::string hop_;
  };

  /// False while so many wait for the hop that more of this sender (sender_mark) had better wait in the
  /// store.
  [[nodiscard]] bool has_room(const std::string& hop, std::uint64_t sender) const;
  /// Nothing: the hop rests. Throws operation_aborted on cancellation.
  [[nodiscard]] Task<std::optional<Lane>> enter(std::string hop, std::uint64_t sender);

  [[nodiscard]] std::optional<HopPause> rest_of(const std::string& hop) const;
  /// Somebody asked, at that time, for it to be tried: ends a rest that began before.
  void wake(const std::string& hop, WallMicros asked_at);

  struct View {
    std::size_t lanes = 0, busy = 0, waiting = 0;
    bool rests = false;
  };
  [[nodiscard]] View view(const std::string& hop) const;

 private:
  struct Waiter {
    std::shared_ptr<Event> turn;
    bool granted = false;
    bool refused = false;
  };
  using WaiterPtr = std::shared_ptr<Waiter>;
  /// Each sender that has a queue is in `turns` once.
  struct Waiters {
    void add(std::uint64_t sender, WaiterPtr waiter);
    /// Of the sender whose turn it is. There must be one.
    [[nodiscard]] WaiterPtr take();
    void remove(std::uint64_t sender, const WaiterPtr& waiter);
    [[nodiscard]] std::size_t count_of(std::uint64_t sender) const;

    std::map<std::uint64_t, std::deque<WaiterPtr>> by_sender;
    std::deque<std::uint64_t> turns;
    std::size_t count = 0;
  };
  struct Hop {
    std::size_t lanes = 0;
    std::size_t busy = 0;
    Duration rest{0};
    TimePoint rests_until;
    WallMicros rests_since = 0;
    Waiters waiters;
  };
  void leave(const std::string& hop, std::optional<bool> reached);
  void grant(Hop& hop);
  void forget_idle();

  Clock& clock_;
  const Settings settings_;
  mutable std::mutex mutex_;
  std::map<std::string, Hop> hops_;
};

}  // namespace gridmail
