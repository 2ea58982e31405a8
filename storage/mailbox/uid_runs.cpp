#include "storage/mailbox/uid_runs.hpp"

#include <algorithm>
#include <limits>

namespace gridmail {

mailbox::UidRuns to_runs(const UidSet& set) {
  mailbox::UidRuns runs;
  Uid end = 0;
  for (const auto& run : set.runs()) {
    runs.add_numbers(run.first - end);
    runs.add_numbers(run.last - run.first);
    end = run.last;
  }
  return runs;
}

std::optional<UidSet> to_set(const mailbox::UidRuns& runs) {
  if (runs.numbers_size() % 2 != 0) return std::nullopt;
  UidSet set;
  std::uint64_t end = 0;
  for (int i = 0; i < runs.numbers_size(); i += 2) {
    if (runs.numbers(i) < (i == 0 ? 1U : 2U)) return std::nullopt;
    const std::uint64_t first = end + runs.numbers(i);
    const std::uint64_t last = first + runs.numbers(i + 1);
    if (last > std::numeric_limits<Uid>::max()) return std::nullopt;
    set.add(static_cast<Uid>(first), static_cast<Uid>(last));
    end = last;
  }
  return set;
}

void merge(UidSet& set, const UidSet& more) {
  for (const auto& run : more.runs()) set.add(run.first, run.last);
}

UidSet from(const UidSet& set, Uid first) {
  UidSet rest;
  for (const auto& run : set.runs()) {
    if (run.last >= first) rest.add(std::max(run.first, first), run.last);
  }
  return rest;
}

UidSet below(const UidSet& set, Uid end) {
  UidSet part;
  for (const auto& run : set.runs()) {
    if (run.first < end) part.add(run.first, std::min(run.last, end - 1));
  }
  return part;
}

UidSet subtract(const UidSet& set, const UidSet& less) {
  UidSet rest;
  auto hole = less.runs().begin();
  for (auto run : set.runs()) {
    while (hole != less.runs().end() && hole->last < run.first) ++hole;
    for (auto at = hole; at != less.runs().end() && at->first <= run.last; ++at) {
      if (at->first > run.first) rest.add(run.first, at->first - 1);
      if (at->last >= run.last) {
        run.first = 0;
        break;
      }
      run.first = at->last + 1;
    }
    if (run.first != 0) rest.add(run.first, run.last);
  }
  return rest;
}

}  // namespace gridmail
