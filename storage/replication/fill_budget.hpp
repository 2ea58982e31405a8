// FillBudget: how much of a node may go into filling joining copies. At most so many slots are filled here at
// once, those that have a single copy first; and what its primaries hand to joining copies is held back while
// that slows down clients' writes.
//
// How it yields: it compares how long commits of operations take now with how long they took before anything
// was filled, and lowers the rate when they take a quarter longer, raises it while they do not (additive and
// multiplicative, as LEDBAT, RFC 6817, does for downloads). Without clients there is nothing to yield to, and
// the rate is what the machine gives.
//
// Thread-safe; time is passed in.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "node/base/clock.hpp"
#include "node/base/ids.hpp"

namespace gridmail {

struct FillSettings {
  std::size_t slots_max = 64;  ///< filled at once on one node
  std::size_t piece_bytes = 512 * 1024;
  std::size_t busy_piece_bytes = 64 * 1024;  ///< while there are clients' writes
  double rate_max = 1e9;                     ///< bytes per second handed out by one node
  double busy_rate_first = 2e6;              ///< when clients' writes begin; rises while they go on as before
  double rate_min = 1e6;
};

class FillBudget {
 public:
  explicit FillBudget(FillSettings settings = {}) : settings_(settings), rate_(settings.rate_max) {}

  // Of the node that joins.
  /// Whether this slot may be filled now; then it counts until end(). `single`: it has one copy in sync. To
  /// be asked again soon where not.
  [[nodiscard]] bool begin(SlotId slot, bool single, TimePoint now);
  void end() { --slots_; }
  [[nodiscard]] std::size_t slots() const { return slots_; }

  // Of the node that hands out.
  /// A commit of a client's operation took so long.
  void note_commit(Duration took, TimePoint now);
  /// How long to wait before the next piece is read, and how large it may be. Takes the piece off the budget.
  struct Turn {
    Duration wait{0};
    std::size_t bytes = 0;
  };
  [[nodiscard]] Turn next_piece(TimePoint now);
  /// The piece came to so much.
  void handed_out(const Turn& turn, std::size_t bytes, TimePoint now);
  /// All that was handed out.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// Bytes per second, as of the last piece.
  [[nodiscard]] double rate() const;
  /// A client's operation was committed just now.
  [[nodiscard]] bool yields(TimePoint now) const;

 private:
  void adjust(TimePoint now);
  [[nodiscard]] bool is_busy(TimePoint now) const;

  const FillSettings settings_;
  std::atomic<std::size_t> slots_{0};
  std::atomic<std::uint64_t> bytes_{0};
  mutable std::mutex mutex_;
  std::map<SlotId, TimePoint> single_waiting_;  ///< slots with one copy that asked, and when
  double rate_;
  TimePoint adjusted_;
  TimePoint free_at_;  ///< when what was handed out is paid off
  std::optional<TimePoint> last_commit_, last_piece_;
  std::optional<double> calm_seconds_;  ///< of a commit, while nothing was filled
  double recent_seconds_ = 0;
};

}  // namespace gridmail
