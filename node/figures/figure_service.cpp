#include "node/figures/figure_service.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace gridmail {
namespace {

constexpr auto answers_max = std::chrono::seconds(1);
constexpr std::int64_t window_seconds(FigureWindow window) {
  return window == figures::Question::HOUR ? 3600 : 86400;
}

}  // namespace

std::optional<double> quantile(const google::protobuf::RepeatedField<std::uint64_t>& buckets, double share) {
  const auto& bounds = metrics::Histogram::bounds_seconds;
  const auto all = std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
  if (all == 0) return std::nullopt;
  const double wanted = share * static_cast<double>(all);
  double below = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(buckets.size()) && i < bounds.size(); ++i) {
    const auto here = static_cast<double>(buckets[static_cast<int>(i)]);
    if (here > 0 && below + here >= wanted) {
      const double from = i == 0 ? 0 : bounds[i - 1];
      return from + (bounds[i] - from) * (wanted - below) / here;
    }
    below += here;
  }
  return bounds.back();
}

FigureReport combined(FigureWindow window, const std::vector<std::pair<NodeId, figures::Answer>>& answers) {
  FigureReport report;
  report.window = window;
  std::map<std::int64_t, figures::Span> by_end;
  for (const auto& [node, answer] : answers) {
    if (answer.spans().empty()) continue;
    for (const auto& span : answer.spans()) combine(by_end[span.end()], span);
    std::optional<double> disk_free_change;
    if (answer.has_disk_free_change()) disk_free_change = answer.disk_free_change();
    report.nodes.push_back({node, *answer.spans().rbegin(), disk_free_change, {}});
  }
  if (by_end.empty()) return report;
  const auto newest = by_end.rbegin()->first;
  for (auto& [end, span] : by_end) {
    if (end > newest - window_seconds(window)) report.spans.push_back(std::move(span));
  }
  return report;
}

std::chrono::microseconds clock_difference(WallMicros told, WallMicros asked, WallMicros answered) {
  if (told < asked) return std::chrono::microseconds(told - asked);
  return std::chrono::microseconds(told > answered ? told - answered : 0);
}

FigureService::FigureService(Ports ports) : ports_(std::move(ports)) {
  ports_.survey.answer_with(SurveyTopic::figures,
                            [this](Bytes question) { return answer(std::move(question)); });
}

Task<void> FigureService::run() {
  constexpr WallMicros length = span_seconds(figures::Question::HOUR) * 1'000'000;
  for (;;) {
    rings_.end_span(ports_.clock.wall(), ports_.gauges());
    // The same moments on all nodes, as far as their clocks agree.
    const auto wait = length - ports_.clock.wall() % length;
    co_await sleep_for(ports_.clock, std::chrono::microseconds(wait));
  }
}

Task<Result<Bytes>> FigureService::answer(Bytes question) {
  figures::Question asked;
  if (!asked.ParseFromString(question)) co_return fail(Errc::invalid, "not a question");
  auto told = rings_.spans(asked.window());
  told.set_wall(ports_.clock.wall());
  co_return told.SerializeAsString();
}

Task<FigureReport> FigureService::report(FigureWindow window) {
  figures::Question question;
  question.set_window(window);
  const auto begun = ports_.clock.wall();
  auto asked = co_await ports_.survey.ask(SurveyTopic::figures, question.SerializeAsString(), answers_max);
  std::vector<std::pair<NodeId, figures::Answer>> answers;
  for (const auto& [node, text] : asked.given) {
    figures::Answer answer;
    if (answer.ParseFromString(text)) answers.emplace_back(node, std::move(answer));
  }
  const auto ended = ports_.clock.wall();
  auto report = combined(window, answers);
  for (auto& node : report.nodes) {
    const auto answer =
        std::find_if(answers.begin(), answers.end(), [&](const auto& each) { return each.first == node.id; });
    if (answer->second.wall() != 0) node.clock_ahead = clock_difference(answer->second.wall(), begun, ended);
  }
  report.silent = std::move(asked.silent);
  co_return report;
}

}  // namespace gridmail
