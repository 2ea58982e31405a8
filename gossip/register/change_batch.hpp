// ChangeBatch: changes waiting for the next round of the register. Those that arrive while a round runs, or
// within the window, are agreed together.
#pragma once
#include <functional>
#include <utility>
#include <vector>

#include "gossip/register/map.hpp"

namespace gridmail {

class ChangeBatch {
 public:
  /// Gets the version of a chosen map that holds the change, or why there is none.
  using Answer = std::function<void(Result<MapVersion>)>;

  void add(MapChange change, Answer answer) { waiting_.push_back({std::move(change), std::move(answer)}); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }

  /// Takes out what fits into one change of the map, with its answers: everything up to the second change of
  /// the voters, the settings or the keys, of which a change holds one.
  [[nodiscard]] std::pair<MapChange, std::vector<Answer>> take() {
    MapChange merged;
    std::vector<Answer> answers;
    auto next = waiting_.begin();
    for (; next != waiting_.end(); ++next) {
      const auto& change = next->change;
      if ((change.voters && merged.voters) || (change.settings && merged.settings) ||
          (change.keys && merged.keys)) {
        break;
      }
      merge(merged, std::move(next->change));
      answers.push_back(std::move(next->answer));
    }
    waiting_.erase(waiting_.begin(), next);
    return {std::move(merged), std::move(answers)};
  }

 private:
  struct Waiting {
    MapChange change;
    Answer answer;
  };
  template <class T>
  static void append(std::vector<T>& to, std::vector<T> from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  }
  static void merge(MapChange& to, MapChange from) {
    append(to.slots, std::move(from.slots));
    append(to.members, std::move(from.members));
    append(to.removals, std::move(from.removals));
    if (from.voters) to.voters = std::move(from.voters);
    if (from.settings) to.settings = from.settings;
    if (from.keys) to.keys = std::move(from.keys);
  }
  std::vector<Waiting> waiting_;
};

}  // namespace gridmail
