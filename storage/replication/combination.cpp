#include "storage/replication/combination.hpp"

#include <algorithm>
#include <tuple>

namespace gridmail {
namespace {

using Holdings = std::map<NodeId, Holding>;

/// Its log decides: opened last; of those opened in that epoch a whole one, then the longest. Any of them
/// will do.
Holdings::const_iterator opened_last(const Holdings& holdings) {
  const auto rank = [](const Holding& holding) {
    return std::tuple(holding.opened, holding.whole, holding.position);
  };
  return std::max_element(holdings.begin(), holdings.end(), [&](const auto& one, const auto& other) {
    return rank(one.second) < rank(other.second);
  });
}

class Chain {
 public:
  Chain(const Holdings& holdings, const Holding& last) : holdings_(holdings), last_(last) {}

  /// Who has the log's entries in (from, to], without `but`. Greedy: always on to whoever reaches furthest.
  [[nodiscard]] std::optional<std::vector<Combination::Source>> sources(Sequence from, Sequence to,
                                                                        NodeId but) const {
    std::vector<Combination::Source> chain;
    while (from < to) {
      Combination::Source best;
      for (const auto& [node, holding] : holdings_) {
        if (node == but || holding.opened == 0 || holding.base.sequence > from) continue;
        const Sequence reach = std::min(shared_end(holding, last_).sequence, to);
        if (reach > best.to) best = {node, reach};
      }
      if (best.to <= from) return std::nullopt;
      from = best.to;
      chain.push_back(best);
    }
    return chain;
  }

 private:
  const Holdings& holdings_;
  const Holding& last_;
};

std::optional<Combination> by_maker(const Holdings& holdings, NodeId maker, NodeId last) {
  const Holding& made = holdings.at(maker);
  const Holding& decides = holdings.at(last);
  const Chain chain(holdings, decides);
  if (excludes(decides.history, decides.position, made.commit)) return std::nullopt;
  const bool same_log = made.opened == decides.opened && made.position == decides.position;
  Combination result{.maker = maker, .last = last, .finished = false, .take_log = !same_log, .sources = {}};
  if (same_log) {
    auto sources = chain.sources(made.complete_to->sequence, made.base.sequence, maker);
    if (!sources) return std::nullopt;
    result.sources = std::move(*sources);
    return result;
  }
  const Position end = made.whole ? shared_end(made, decides) : *made.complete_to;
  if (auto sources = chain.sources(end.sequence, decides.commit.sequence, maker)) {
    result.sources = std::move(*sources);
    return result;
  }
  // By way of what it holds after its own gap, which taking over another log would cost it.
  if (made.whole) return std::nullopt;
  auto sources = chain.sources(made.complete_to->sequence, made.base.sequence, maker);
  if (!sources) return std::nullopt;
  result.take_log = false;
  result.sources = std::move(*sources);
  return result;
}

}  // namespace

Holding holding_of(const Copy& copy) {
  Holding holding;
  if (copy.blank() || copy.damaged()) return holding;
  holding.opened = copy.opened_epoch();
  holding.whole = copy.whole();
  holding.complete_to = copy.complete_to();
  holding.base = copy.base();
  holding.position = copy.position();
  holding.commit = copy.commit();
  holding.history = copy.history();
  return holding;
}

Position shared_end(const Holding& one, const Holding& other) {
  if (contains(other.history, other.position, one.position)) return one.position;
  const auto end_of = [](const Holding& holding, std::size_t i) {
    return i + 1 < holding.history.size() ? holding.history[i + 1].second - 1 : holding.position.sequence;
  };
  for (std::size_t i = one.history.size(); i-- > 0;) {
    for (std::size_t j = 0; j < other.history.size(); ++j) {
      if (other.history[j].first != one.history[i].first) continue;
      const Sequence end = std::min(end_of(one, i), end_of(other, j));
      if (end >= std::max(one.history[i].second, other.history[j].second)) return {one.history[i].first, end};
    }
  }
  return {};
}

std::optional<Combination> combine(const Holdings& holdings) {
  if (holdings.empty()) return std::nullopt;
  const auto& [last, decides] = *opened_last(holdings);
  if (decides.opened == 0) return std::nullopt;
  if (decides.whole)
    return Combination{.maker = last, .last = last, .finished = true, .take_log = false, .sources = {}};
  std::optional<Combination> best;
  for (const auto& [node, holding] : holdings) {
    if (holding.opened == 0 || !(holding.whole || holding.complete_to)) continue;
    auto found = by_maker(holdings, node, last);
    if (found && (!best || node == last)) best = std::move(found);
  }
  return best;
}

}  // namespace gridmail
