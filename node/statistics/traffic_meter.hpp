// TrafficMeter: what clients did here since somebody looked last, by user and protocol, in memory. A
// connection counts for itself and tells the meter now and then, so that nothing is locked for a message.
#pragma once
#include <array>
#include <compare>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "node/base/clock.hpp"
#include "node/base/ids.hpp"

namespace gridmail {

/// Stored: never reused.
enum class TrafficProtocol : std::uint8_t {
  smtp = 0,
  submission = 1,
  lmtp = 2,
  imap = 3,
  pop3 = 4,
  http = 5
};
inline constexpr std::array<std::string_view, 6> traffic_protocols = {"smtp", "submission", "lmtp",
                                                                      "imap", "pop3",       "http"};

struct TrafficCounts {
  std::uint64_t log_ins = 0, refused_log_ins = 0, bytes_in = 0, bytes_out = 0;
  TrafficCounts& operator+=(const TrafficCounts& other);
};

/// Whose traffic; of nobody who is known the id is nil and the domain empty.
struct TrafficSubject {
  UserId user;
  std::string domain;
  TrafficProtocol protocol = TrafficProtocol::smtp;
  auto operator<=>(const TrafficSubject&) const = default;
  /// `login`: an address.
  [[nodiscard]] static TrafficSubject of(UserId user, std::string_view login, TrafficProtocol protocol);
};

/// Thread-safe. Counts no more than 200,000 subjects between two looks; later ones only by protocol.
class TrafficMeter {
 public:
  using Counts = std::map<TrafficSubject, TrafficCounts>;

  void add(const TrafficSubject& subject, const TrafficCounts& counts);
  /// All since the last call.
  [[nodiscard]] Counts take();

 private:
  std::mutex guard_;
  Counts counts_;
};

/// One connection. On its strand; tells the meter when it ends.
class TrafficTally {
 public:
  TrafficTally(TrafficMeter& meter, Clock& clock, TrafficProtocol protocol)
      : meter_(meter), clock_(clock), told_(clock.now()) {
    subject_.protocol = protocol;
  }
  ~TrafficTally() { tell(); }
  TrafficTally(const TrafficTally&) = delete;
  TrafficTally& operator=(const TrafficTally&) = delete;

  /// What went before is nobody's.
  void logged_in(UserId user, std::string_view login);
  void read(std::size_t bytes);
  void written(std::size_t bytes);

 private:
  void tell();
  void tell_sometimes();

  TrafficMeter& meter_;
  Clock& clock_;
  TimePoint told_;
  TrafficSubject subject_;
  TrafficCounts counts_;
};

}  // namespace gridmail
