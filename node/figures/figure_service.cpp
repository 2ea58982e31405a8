#include "node/figures/figure_service.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace gridmail {
namespace {

constexpr auto answers_max = std::chrono::seconds(1);
constexpr std::int64_t window_seconds(FigureWindow window) {
  return window == figures::Question::HOUR ? 3600 : 86400;
}

/// Spans end at multiples of their length, so they are moved by such.
void set_clock_right(figures::Answer& told, FigureWindow window, std::chrono::microseconds ahead) {
  const auto length = span_seconds(window);
  const auto spans = std::llround(std::chrono::duration<double>(ahead).count() / static_cast<double>(length));
  for (auto& span : *told.mutable_spans()) span.set_end(span.end() - spans * length);
}

/// The end of the last span that all nodes have ended which are not further behind than one. There is a node.
std::int64_t newest_whole(const FigureReport& report) {
  std::int64_t newest = 0;
  for (const auto& node : report.nodes) newest = std::max(newest, node.last.end());
  const auto one_before = newest - span_seconds(report.window);
  const bool comes_soon = std::any_of(report.nodes.begin(), report.nodes.end(),
                                      [&](const auto& node) { return node.last.end() == one_before; });
  return comes_soon ? one_before : newest;
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

FigureReport combined(FigureWindow window, std::vector<FigureAnswer> answers) {
  FigureReport report;
  report.window = window;
  std::map<std::int64_t, figures::Span> by_end;
  for (auto& [node, told, clock_ahead] : answers) {
    if (told.spans().empty()) continue;
    if (clock_ahead) set_clock_right(told, window, *clock_ahead);
    for (const auto& span : told.spans()) combine(by_end[span.end()], span);
    std::optional<double> disk_free_change;
    if (told.has_disk_free_change()) disk_free_change = told.disk_free_change();
    report.nodes.push_back({node, *told.spans().rbegin(), disk_free_change, clock_ahead});
  }
  if (by_end.empty()) return report;
  const auto newest = newest_whole(report);
  for (auto& [end, span] : by_end) {
    if (end <= newest && end > newest - window_seconds(window)) report.spans.push_back(std::move(span));
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
  const auto ended = ports_.clock.wall();
  std::vector<FigureAnswer> answers;
  for (const auto& [node, text] : asked.given) {
    FigureAnswer answer{node, {}};
    if (!answer.told.ParseFromString(text)) continue;
    if (answer.told.wall() != 0) answer.clock_ahead = clock_difference(answer.told.wall(), begun, ended);
    answers.push_back(std::move(answer));
  }
  auto report = combined(window, std::move(answers));
  report.silent = std::move(asked.silent);
  co_return report;
}

}  // namespace gridmail
