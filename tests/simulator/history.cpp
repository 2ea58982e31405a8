#include "tests/simulator/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace gridmail::sim {

void History::note(TimePoint when, Subject subject, std::string what) {
  if (events_.size() == kept_max) events_.pop_front();
  events_.push_back({when, subject, std::move(what)});
}

std::string History::about(Subject subject, std::size_t events_max) const {
  auto slot = subject.slot;
  if (subject.user) {
    const auto found = slot_of_.find(*subject.user);
    if (found != slot_of_.end()) slot = found->second;
  }
  const auto concerns = [&](const Event& event) {
    const bool general = !event.subject.slot && !event.subject.user;
    const bool whole_grid = !subject.slot && !subject.user;
    return general || whole_grid || (event.subject.slot && event.subject.slot == slot) ||
           (event.subject.user && event.subject.user == subject.user);
  };
  std::vector<const Event*> chosen;
  for (auto event = events_.rbegin(); event != events_.rend() && chosen.size() < events_max; ++event) {
    if (concerns(*event)) chosen.push_back(&*event);
  }
  std::reverse(chosen.begin(), chosen.end());
  std::string text;
  for (const auto* event : chosen) {
    const double seconds = std::chrono::duration<double>(event->when.since_boot).count();
    text += fmt::format("{:10.4f}  {}\n", seconds, event->what);
  }
  return text;
}

}  // namespace gridmail::sim
