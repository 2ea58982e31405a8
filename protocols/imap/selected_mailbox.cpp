#include "protocols/imap/selected_mailbox.hpp"

#include <algorithm>

#include "protocols/text/ascii.hpp"

namespace gridmail::imap {
namespace {

constexpr std::size_t keywords_max = 1000;  // that a session remembers to have announced

/// The UIDs of `all` that are not in `some`.
UidSet difference(const UidSet& all, const UidSet& some) {
  UidSet rest;
  auto hole = some.runs().begin();
  for (const auto& run : all.runs()) {
    std::uint64_t from = run.first;
    while (hole != some.runs().end() && hole->last < run.first) ++hole;
    for (auto at = hole; at != some.runs().end() && at->first <= run.last; ++at) {
      if (at->first > from) rest.add(static_cast<Uid>(from), at->first - 1);
      from = static_cast<std::uint64_t>(at->last) + 1;
    }
    if (from <= run.last) rest.add(static_cast<Uid>(from), run.last);
  }
  return rest;
}

/// The UIDs at those ranks; all of them must exist.
UidSet at_ranks(const UidSet& uids, const UidSet& ranks) {
  UidSet found;
  std::uint64_t before = 0;  // messages in the runs passed
  auto run = uids.runs().begin();
  for (const auto& wanted : ranks.runs()) {
    std::uint64_t rank = wanted.first;
    while (rank <= wanted.last) {
      const std::uint64_t size = static_cast<std::uint64_t>(run->last) - run->first + 1;
      if (rank > before + size) {
        before += size;
        ++run;
        continue;
      }
      const std::uint64_t end = std::min<std::uint64_t>(wanted.last, before + size);
      found.add(static_cast<Uid>(run->first + (rank - before - 1)),
                static_cast<Uid>(run->first + (end - before - 1)));
      rank = end + 1;
    }
  }
  return found;
}

}  // namespace

SequenceNumber SequenceCursor::number_of(Uid uid) {
  while (run_ < runs_.size() && runs_[run_].last < uid) {
    before_ += runs_[run_].last - runs_[run_].first + 1;
    ++run_;
  }
  if (run_ == runs_.size() || uid < runs_[run_].first) return 0;
  return before_ + (uid - runs_[run_].first) + 1;
}

SelectedMailbox::SelectedMailbox(const ports::OpenedMailbox& opened, bool read_only)
    : id_(opened.status.id),
      uid_validity_(opened.status.uid_validity),
      read_only_(read_only),
      modseq_(opened.status.highest_modseq),
      uid_next_(std::max(opened.status.uid_next, opened.uids.last() + 1)),
      exists_(opened.uids.count()),
      announced_(opened.uids),
      recent_(opened.recent.intersect(opened.uids)),
      keywords_(opened.keywords) {}

std::optional<UidSet> SelectedMailbox::resolve_numbers(const SequenceSet& set) const {
  UidSet numbers;
  for (const auto& range : set) {
    const std::size_t one = range.first == star ? exists_ : range.first;
    const std::size_t other = range.last == star ? exists_ : range.last;
    if (std::min(one, other) == 0 || std::max(one, other) > exists_) return std::nullopt;
    numbers.add(static_cast<Uid>(std::min(one, other)), static_cast<Uid>(std::max(one, other)));
  }
  return at_ranks(announced_, numbers);
}

UidSet SelectedMailbox::resolve_uids(const SequenceSet& set) const {
  UidSet named;
  if (announced_.empty()) return named;
  for (const auto& range : set) {
    const Uid one = range.first == star ? announced_.last() : range.first;
    const Uid other = range.last == star ? announced_.last() : range.last;
    named.add(std::min(one, other), std::max(one, other));
  }
  return named.intersect(announced_);
}

bool SelectedMailbox::learn_keywords(const ports::Flags& flags) {
  bool grew = false;
  for (const auto& keyword : flags.keywords) {
    const auto same = [&](const std::string& known) { return text::equal_ignoring_case(known, keyword); };
    if (keywords_.size() >= keywords_max || std::any_of(keywords_.begin(), keywords_.end(), same)) continue;
    keywords_.push_back(keyword);
    grew = true;
  }
  return grew;
}

bool SelectedMailbox::note_shown(const ports::Entry& entry) {
  if (entry.modseq > modseq_) {
    const auto place = std::lower_bound(shown_.begin(), shown_.end(), entry.uid,
                                        [](const auto& known, Uid uid) { return known.first < uid; });
    if (place != shown_.end() && place->first == entry.uid) {
      place->second = entry.modseq;
    } else {
      shown_.insert(place, {entry.uid, entry.modseq});
    }
  }
  return learn_keywords(entry.flags);
}

void SelectedMailbox::note_expunged(const UidSet& uids) {
  const UidSet gone = uids.intersect(announced_);
  for (const auto& run : gone.runs()) expunged_.add(run.first, run.last);
}

void SelectedMailbox::announce_expunged(Updates& updates) {
  // From the highest number down: so each stays valid while the ones before it are taken out.
  SequenceCursor cursor(announced_);
  for (const auto& run : expunged_.runs()) {
    for (std::uint64_t uid = run.first; uid <= run.last; ++uid) {
      updates.expunged.push_back(cursor.number_of(static_cast<Uid>(uid)));
    }
  }
  std::reverse(updates.expunged.begin(), updates.expunged.end());
  announced_ = difference(announced_, expunged_);
  recent_ = difference(recent_, expunged_);
  exists_ -= updates.expunged.size();
  expunged_ = {};
}

void SelectedMailbox::collect_flags(std::vector<ports::Entry> changed, Uid known_before, Updates& updates) {
  SequenceCursor cursor(announced_);
  auto shown = shown_.begin();
  for (auto& entry : changed) {
    if (entry.uid >= known_before) break;  // new: the client will ask
    while (shown != shown_.end() && shown->first < entry.uid) ++shown;
    const bool is_shown = shown != shown_.end() && shown->first == entry.uid && shown->second >= entry.modseq;
    const SequenceNumber number = cursor.number_of(entry.uid);
    if (is_shown || number == 0) continue;
    updates.keywords_grew |= learn_keywords(entry.flags);
    updates.flags.push_back({number, recent_.contains(entry.uid), std::move(entry)});
  }
}

Updates SelectedMailbox::take(ports::Changes changes, bool expunges_allowed) {
  Updates updates;
  const Uid known_before = uid_next_;
  note_expunged(changes.complete ? difference(announced_, *changes.complete) : changes.expunged);
  if (expunges_allowed) announce_expunged(updates);
  const std::size_t recent_before = recent_.count();
  const auto arrived = [&](Uid first, Uid last) {
    first = std::max(first, known_before);
    if (first > last) return;
    announced_.add(first, last);
    if (last >= changes.recent_from) recent_.add(std::max(first, changes.recent_from), last);
    updates.exists = exists_ += last - first + 1;
  };
  if (changes.complete) {
    for (const auto& run : changes.complete->runs()) arrived(run.first, run.last);
  } else {
    for (const auto& entry : changes.changed) arrived(entry.uid, entry.uid);
  }
  if (recent_.count() != recent_before) updates.recent = recent_.count();
  uid_next_ = std::max({uid_next_, changes.uid_next, announced_.empty() ? Uid{1} : announced_.last() + 1});
  modseq_ = std::max(modseq_, changes.highest_modseq);
  collect_flags(std::move(changes.changed), known_before, updates);
  shown_.clear();
  shown_.shrink_to_fit();
  return updates;
}

Updates SelectedMailbox::take_held_back() {
  Updates updates;
  announce_expunged(updates);
  return updates;
}

}  // namespace gridmail::imap
