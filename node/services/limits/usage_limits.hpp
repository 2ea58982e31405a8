// UsageLimits: what clients and users have done lately, on this node and, approximately, on all others; and
// whether they may do more.
//
// Each limit is a bucket that holds `count` and empties evenly within its time. What happens here is counted
// at once. Every second a node tells the others what it has counted, but no less than an eighth of the limit
// divided by the number of nodes at a time: so the grid knows of all but an eighth of a limit, and of the
// last second, and who does little costs no message. A lost message is not repeated; what a node that starts
// again had counted is known to the others, not to itself.
#pragma once
#include <mutex>
#include <string>
#include <unordered_map>

#include "node/base/bytes.hpp"
#include "node/base/clock.hpp"
#include "node/services/limits/limit_table.hpp"
#include "protocols/ports/limits.hpp"

namespace gridmail {

/// Thread-safe. Memory only, and no more than 100,000 buckets: beyond that new clients are not counted.
class UsageLimits final : public ports::Limits {
 public:
  explicit UsageLimits(Clock& clock) : clock_(clock) {}

  /// From now on; what was counted for a limit that goes on still counts.
  void set(const LimitTable& table);

  /// Loopback addresses have no limits, nor have empty ones. `user` is empty where nobody is known.
  struct Client {
    const std::string& address;
    BytesView user;
  };
  /// Counts one for all that have a limit. False: for one of them there were too many; nothing is counted.
  [[nodiscard]] bool take(Counted what, const Client& client);
  [[nodiscard]] bool may(Counted what, const Client& client) const;
  /// Whatever the limit is: it has happened.
  void count(Counted what, const Client& client);

  /// How a limit stands.
  struct Standing {
    std::uint32_t count = 0, left = 0;
    std::chrono::seconds until_one{}, until_all{};
  };
  /// Of the limits that concern the client the one with the least left; nothing: none does.
  [[nodiscard]] std::optional<Standing> standing(Counted what, const Client& client) const;

  [[nodiscard]] bool may_send_message(const std::string& peer_address, UserId user) override;
  [[nodiscard]] bool may_name_recipient(const std::string& peer_address, UserId user) override;

  /// What the other nodes, in a grid of `nodes`, are to be told now; empty: nothing. Each count is told once.
  [[nodiscard]] Bytes tell(std::size_t nodes);
  /// From a member of the grid. What cannot be read changes nothing.
  void take_told(BytesView told);

 private:
  struct Bucket {
    double level = 0;
    TimePoint at;  ///< when it had that level
    std::uint32_t untold = 0;
  };
  struct Place {
    std::string key;
    Limit limit;
  };
  [[nodiscard]] std::vector<Place> places(Counted what, const Client& client) const;
  [[nodiscard]] static double level_now(const Bucket& bucket, const Limit& limit, TimePoint now);
  [[nodiscard]] bool has_room(const std::vector<Place>& places) const;
  void add(const Place& place, std::uint32_t count, bool told);
  void make_room();
  [[nodiscard]] const std::optional<Limit>* limit_of(std::string_view key) const;

  Clock& clock_;
  mutable std::mutex guard_;
  LimitTable table_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace gridmail
