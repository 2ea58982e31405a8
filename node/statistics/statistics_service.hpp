// StatisticsService: writes what the meter has counted into this node's book now and then, and puts the books
// of all nodes together for whoever asks.
#pragma once
#include <map>
#include <optional>
#include <vector>

#include "gossip/survey.hpp"
#include "node/statistics/statistics_book.hpp"

namespace gridmail {

struct StatisticsReport {
  struct Row {
    StatisticsPlace place;
    statistics::Counters counters;
  };
  std::vector<Row> rows;       ///< of all nodes together, in the order of their places
  std::vector<NodeId> silent;  ///< members that do not live, or did not answer in time
};

/// Thread-safe. The ports outlive it.
class StatisticsService {
 public:
  struct Ports {
    Clock& clock;
    Survey& survey;
    Store& store;
  };
  /// Before the survey's first message.
  explicit StatisticsService(Ports ports);

  [[nodiscard]] TrafficMeter& meter() { return meter_; }
  /// Writes every ten seconds, for as long as the node runs.
  [[nodiscard]] Task<void> run();
  /// Writes what there is; once run() has ended.
  [[nodiscard]] Task<void> write();

  /// Takes 2 s at most.
  [[nodiscard]] Task<StatisticsReport> report(statistics::Question question);
  /// When the user last logged in, by protocol, as far as the living nodes know. Takes 1 s at most.
  [[nodiscard]] Task<std::map<TrafficProtocol, WallMicros>> last_log_ins(UserId user);

 private:
  [[nodiscard]] Task<Result<Bytes>> answer(Bytes question);

  const Ports ports_;
  TrafficMeter meter_;
  StatisticsBook book_;
};

/// Puts together what nodes answered to a question with this limit. Pure.
[[nodiscard]] std::vector<StatisticsReport::Row> combined(const std::vector<statistics::Answer>& answers,
                                                          std::size_t limit);

}  // namespace gridmail
