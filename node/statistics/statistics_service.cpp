#include "node/statistics/statistics_service.hpp"

#include <algorithm>

#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr auto written_every = std::chrono::seconds(10);
constexpr auto forgotten_every = 360;  // writes
constexpr auto report_answers_max = std::chrono::seconds(2);
constexpr auto last_answers_max = std::chrono::seconds(1);

}  // namespace

StatisticsService::StatisticsService(Ports ports) : ports_(ports), book_(ports.store) {
  ports_.survey.answer_with(SurveyTopic::statistics,
                            [this](Bytes question) { return answer(std::move(question)); });
}

Task<void> StatisticsService::write() {
  const auto written = co_await book_.add(ports_.clock.wall(), meter_.take());
  if (!written) log(Level::warn, "statistics.not_written", {{"error", written.error().text}});
}

Task<void> StatisticsService::run() {
  for (int round = 0;; ++round) {
    if (round % forgotten_every == 0) {
      const auto forgotten = co_await book_.forget(ports_.clock.wall());
      if (!forgotten) log(Level::warn, "statistics.not_forgotten", {{"error", forgotten.error().text}});
    }
    co_await sleep_for(ports_.clock, written_every);
    co_await write();
  }
}

Task<Result<Bytes>> StatisticsService::answer(Bytes question) {
  statistics::Question asked;
  if (!asked.ParseFromString(question)) co_return fail(Errc::invalid, "not a question");
  const auto rows = co_await book_.rows(ports_.clock.wall(), std::move(asked));
  if (!rows) co_return tl::unexpected(rows.error());
  co_return rows->SerializeAsString();
}

/// A node that has given as many rows as it may could have more: what lies behind its last one is not known
/// yet.
std::vector<StatisticsReport::Row> combined(const std::vector<statistics::Answer>& answers,
                                            std::size_t limit) {
  std::map<Bytes, statistics::Counters> sums;
  std::optional<Bytes> known_until;
  for (const auto& answer : answers) {
    for (const auto& row : answer.rows()) {
      auto& sum = sums[row.place()];
      sum.set_log_ins(sum.log_ins() + row.counters().log_ins());
      sum.set_refused_log_ins(sum.refused_log_ins() + row.counters().refused_log_ins());
      sum.set_bytes_in(sum.bytes_in() + row.counters().bytes_in());
      sum.set_bytes_out(sum.bytes_out() + row.counters().bytes_out());
    }
    if (static_cast<std::size_t>(answer.rows_size()) < limit || answer.rows().empty()) continue;
    const auto& last = answer.rows().rbegin()->place();
    if (!known_until || last < *known_until) known_until = last;
  }
  std::vector<StatisticsReport::Row> rows;
  for (const auto& [bytes, counters] : sums) {
    if (rows.size() == limit || (known_until && bytes > *known_until)) break;
    if (const auto place = StatisticsPlace::from_bytes(bytes)) rows.push_back({*place, counters});
  }
  return rows;
}

Task<StatisticsReport> StatisticsService::report(statistics::Question question) {
  const auto limit = question.limit();
  auto asked =
      co_await ports_.survey.ask(SurveyTopic::statistics, question.SerializeAsString(), report_answers_max);
  std::vector<statistics::Answer> answers;
  for (const auto& [node, text] : asked.given) {
    statistics::Answer answer;
    if (answer.ParseFromString(text)) answers.push_back(std::move(answer));
  }
  StatisticsReport report;
  report.rows = combined(answers, limit);
  report.silent = std::move(asked.silent);
  co_return report;
}

Task<std::map<TrafficProtocol, WallMicros>> StatisticsService::last_log_ins(UserId user) {
  statistics::Question question;
  question.set_last_log_ins_of(user.bytes());
  const auto asked =
      co_await ports_.survey.ask(SurveyTopic::statistics, question.SerializeAsString(), last_answers_max);
  std::map<TrafficProtocol, WallMicros> last;
  for (const auto& [node, text] : asked.given) {
    statistics::Answer answer;
    if (!answer.ParseFromString(text)) continue;
    for (const auto& row : answer.last_log_ins()) {
      if (row.protocol() >= traffic_protocols.size()) continue;
      auto& at = last[static_cast<TrafficProtocol>(row.protocol())];
      at = std::max(at, row.at());
    }
  }
  co_return last;
}

}  // namespace gridmail
