// LoginDelays: how long a failed log-in waits for its answer, by the address it came from; and whose
// passwords somebody seems to be guessing.
#pragma once
#include <map>
#include <mutex>
#include <string>

#include "node/base/clock.hpp"
#include "node/base/random.hpp"

namespace gridmail {

/// Thread-safe.
class LoginDelays {
 public:
  struct Settings {
    Duration first = std::chrono::seconds(1);  ///< doubles with each failure; 0: no delays
    Duration max = std::chrono::seconds(16);
    Duration forgotten_after = std::chrono::minutes(10);
  };
  LoginDelays(Clock& clock, Random& random, Settings settings)
      : clock_(clock), random_(random), settings_(settings) {}

  /// Counts a failure. The answer is to be held back for so long: up to half as much again, by chance.
  [[nodiscard]] Duration failed(const std::string& peer_address);
  void succeeded(const std::string& peer_address);
  /// As failed() counts addresses, this counts whose password was wrong.
  void guessed(const std::string& owner);
  /// Whether a password of theirs was wrong within Settings::forgotten_after.
  [[nodiscard]] bool is_guessed_at(const std::string& owner) const;
  /// Since the start of the node.
  [[nodiscard]] std::uint64_t failures() const;

 private:
  struct Peer {
    unsigned failures = 0;
    TimePoint last;
  };
  void make_room(TimePoint now);

  Clock& clock_;
  Random& random_;
  Settings settings_;
  mutable std::mutex mutex_;
  std::map<std::string, Peer> peers_;
  std::map<std::string, TimePoint> guessed_;  ///< by owner: the last wrong password
  std::uint64_t failures_ = 0;
};

}  // namespace gridmail
