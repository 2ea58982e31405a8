// Load: what runs on a simulated grid while it is in trouble, and what its clients were told. Two kinds: the
// ledger, which costs little, and mail.
#pragma once
#include <functional>
#include <memory>

#include "tests/simulator/world.hpp"

namespace gridmail::sim {

/// What a run came to: the same for the same scenario, seed and program.
struct Outcome {
  std::size_t acknowledged = 0;  ///< appends, or messages
  std::size_t shown = 0;         ///< reads that were answered, or messages that a client was shown
  std::uint64_t messages = 0;    ///< between nodes
  bool operator==(const Outcome&) const = default;
};

/// Clients are coroutines of their front and end with it, unanswered. All of it outlives the world's last
/// event.
class Load {
 public:
  virtual ~Load() = default;
  /// Once the grid is up, before the trouble.
  virtual void begin() = 0;
  /// A few clients, each now and then, for `steps` pieces of time of up to 200 ms each.
  virtual void run(int steps) = 0;
  /// Time passes as in World::run_for, and every record is checked.
  virtual bool run_for(Duration duration, const std::function<bool()>& done = {}) = 0;
  /// Clients' operations that have not ended.
  [[nodiscard]] virtual std::size_t under_way() const = 0;
  /// To be asked with everything healed: every promise is looked at once more, through clients.
  virtual void settle() = 0;
  [[nodiscard]] virtual Outcome outcome() const = 0;
};

}  // namespace gridmail::sim
