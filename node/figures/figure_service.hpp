// FigureService: keeps this node's figures, and puts all nodes' together for whoever asks. There is no node
// for statistics: each has its own, and any may be asked.
#pragma once
#include <functional>
#include <vector>

#include "gossip/survey.hpp"
#include "node/figures/figure_rings.hpp"

namespace gridmail {

/// What the grid did, as far as nodes have answered.
struct FigureReport {
  FigureWindow window = figures::Question::HOUR;
  std::vector<figures::Span> spans;  ///< of all nodes together, oldest first
  struct Node {
    NodeId id;
    figures::Span last;  ///< its end by the clock of the node asked
    /// Bytes a day, over the last day; negative: it fills. Nothing while less than an hour is known.
    std::optional<double> disk_free_change;
    /// By how much its clock is ahead of that of the node asked, at least; negative: behind. Nothing where it
    /// did not say.
    std::optional<std::chrono::microseconds> clock_ahead = {};
  };
  std::vector<Node> nodes;     ///< that answered and have whole spans
  std::vector<NodeId> silent;  ///< members that do not live, or did not answer in time
};

/// Thread-safe. The ports outlive it.
class FigureService {
 public:
  struct Ports {
    Clock& clock;
    Survey& survey;
    std::function<FigureRings::Gauges()> gauges;
  };
  /// Before the survey's first message.
  explicit FigureService(Ports ports);

  /// Ends spans, for as long as the node runs.
  [[nodiscard]] Task<void> run();
  /// Takes 1 s at most.
  [[nodiscard]] Task<FigureReport> report(FigureWindow window);

 private:
  [[nodiscard]] Task<Result<Bytes>> answer(Bytes question);

  const Ports ports_;
  FigureRings rings_;
};

struct FigureAnswer {
  NodeId node;
  figures::Answer told;
  std::optional<std::chrono::microseconds> clock_ahead = {};  ///< as in FigureReport::Node
};
/// Puts together what nodes answered, each node's spans as if its clock were right. A last span that some
/// node is only about to end is left for the next time: without that node's part it would look like a fall.
/// Pure.
[[nodiscard]] FigureReport combined(FigureWindow window, std::vector<FigureAnswer> answers);
/// How far a clock is off that showed `told` at some moment between `asked` and `answered`: 0 where it may be
/// right.
[[nodiscard]] std::chrono::microseconds clock_difference(WallMicros told, WallMicros asked,
                                                         WallMicros answered);
/// Seconds within which this share of what was counted stayed, by interpolation within its bucket; nothing
/// where nothing was counted.
[[nodiscard]] std::optional<double> quantile(const google::protobuf::RepeatedField<std::uint64_t>& buckets,
                                             double share);

}  // namespace gridmail
