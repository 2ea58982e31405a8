#include "node/chronicle/chronicle_service.hpp"

#include <algorithm>
#include <set>

#include "node/runtime/timer.hpp"

namespace gridmail {
namespace {

constexpr auto looked_every = std::chrono::seconds(1);
constexpr auto answers_max = std::chrono::seconds(1);
/// Nodes see one thing at different moments, and their clocks differ.
constexpr WallMicros seen_within = 20'000'000;

}  // namespace

ChronicleService::ChronicleService(Ports ports) : ports_(std::move(ports)) {
  ports_.survey.answer_with(SurveyTopic::chronicle, [this](const Bytes&) { return answer(); });
}

Task<Result<Bytes>> ChronicleService::answer() {
  co_return chronicle_.events().SerializeAsString();
}

Task<void> ChronicleService::run() {
  for (;;) {
    if (const auto map = ports_.map()) chronicle_.look(*map, ports_.is_alive, ports_.clock.wall());
    co_await sleep_for(ports_.clock, looked_every);
  }
}

Task<ChronicleReport> ChronicleService::report() {
  auto asked = co_await ports_.survey.ask(SurveyTopic::chronicle, {}, answers_max);
  std::vector<chronicle::Events> answers;
  for (const auto& [node, text] : asked.given) {
    chronicle::Events events;
    if (events.ParseFromString(text)) answers.push_back(std::move(events));
  }
  ChronicleReport report;
  report.events = combined(answers);
  report.silent = std::move(asked.silent);
  co_return report;
}

std::vector<ChronicleReport::Seen> combined(const std::vector<chronicle::Events>& answers) {
  std::vector<std::pair<std::size_t, chronicle::Event>> all;  // whose, what
  for (std::size_t i = 0; i < answers.size(); ++i) {
    for (const auto& event : answers[i].events()) all.emplace_back(i, event);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.second.at() < b.second.at(); });
  std::vector<ChronicleReport::Seen> events;
  std::vector<std::set<std::size_t>> seen_by;  // beside `events`: one node sees one thing once
  for (const auto& [whose, event] : all) {
    bool is_known = false;
    for (std::size_t i = events.size(); i-- > 0 && event.at() - events[i].event.at() <= seen_within;) {
      auto& known = events[i];
      if (known.event.what() != event.what() || known.event.node() != event.node()) continue;
      if (!seen_by[i].insert(whose).second) break;
      ++known.seen_by;
      if (event.slots() > known.event.slots()) {
        known.event.set_slots(event.slots());
        *known.event.mutable_by() = event.by();
      }
      is_known = true;
      break;
    }
    if (is_known) continue;
    events.push_back({event, 1});
    seen_by.push_back({whose});
  }
  std::reverse(events.begin(), events.end());
  if (events.size() > Chronicle::events_max) events.resize(Chronicle::events_max);
  return events;
}

}  // namespace gridmail
