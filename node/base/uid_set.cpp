#include "node/base/uid_set.hpp"

#include <algorithm>

namespace gridmail {
namespace {

/// The first run whose last uid is not below `uid`.
auto run_at(const std::vector<UidSet::Run>& runs, Uid uid) {
  return std::lower_bound(runs.begin(), runs.end(), uid,
                          [](const UidSet::Run& run, Uid value) { return run.last < value; });
}

}  // namespace

void UidSet::add(Uid first, Uid last) {
  if (runs_.empty() || first > runs_.back().last) {  // the common case: ascending input
    if (!runs_.empty() && runs_.back().last + 1 == first) {
      runs_.back().last = last;
    } else {
      runs_.push_back({first, last});
    }
    return;
  }
  auto begin = std::lower_bound(runs_.begin(), runs_.end(), first, [](const Run& run, Uid value) {
    return static_cast<std::uint64_t>(run.last) + 1 < value;
  });
  auto end = begin;
  while (end != runs_.end() && end->first <= static_cast<std::uint64_t>(last) + 1) {
    first = std::min(first, end->first);
    last = std::max(last, end->last);
    ++end;
  }
  begin = runs_.erase(begin, end);
  runs_.insert(begin, {first, last});
}

void UidSet::remove(Uid uid) {
  const auto found = runs_.begin() + (run_at(runs_, uid) - runs_.begin());
  if (found == runs_.end() || uid < found->first) return;
  const Run run = *found;
  if (run.first == run.last) {
    runs_.erase(found);
  } else if (uid == run.first) {
    found->first = uid + 1;
  } else if (uid == run.last) {
    found->last = uid - 1;
  } else {
    found->last = uid - 1;
    runs_.insert(found + 1, {uid + 1, run.last});
  }
}

bool UidSet::contains(Uid uid) const {
  const auto found = run_at(runs_, uid);
  return found != runs_.end() && found->first <= uid;
}

std::size_t UidSet::count() const {
  std::size_t sum = 0;
  for (const auto& run : runs_) sum += static_cast<std::size_t>(run.last) - run.first + 1;
  return sum;
}

std::size_t UidSet::rank(Uid uid) const {
  std::size_t before = 0;
  for (const auto& run : runs_) {
    if (uid < run.first) return 0;
    if (uid <= run.last) return before + (uid - run.first) + 1;
    before += static_cast<std::size_t>(run.last) - run.first + 1;
  }
  return 0;
}

Uid UidSet::at_rank(std::size_t rank) const {
  if (rank == 0) return 0;
  for (const auto& run : runs_) {
    const std::size_t size = static_cast<std::size_t>(run.last) - run.first + 1;
    if (rank <= size) return static_cast<Uid>(run.first + rank - 1);
    rank -= size;
  }
  return 0;
}

UidSet UidSet::intersect(const UidSet& other) const {
  UidSet both;
  auto a = runs_.begin();
  auto b = other.runs_.begin();
  while (a != runs_.end() && b != other.runs_.end()) {
    const Uid first = std::max(a->first, b->first);
    const Uid last = std::min(a->last, b->last);
    if (first <= last) both.add(first, last);
    if (a->last < b->last) {
      ++a;
    } else {
      ++b;
    }
  }
  return both;
}

}  // namespace gridmail
