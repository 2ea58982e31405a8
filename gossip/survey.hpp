// Survey: one question to all nodes, and what those that live answer within a time. For what people ask of
// the grid: nothing that mail depends on waits for it.
#pragma once
#include <array>
#include <asio/any_io_executor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "gossip/survey.pb.h"
#include "node/base/clock.hpp"
#include "node/base/network.hpp"
#include "node/base/result.hpp"
#include "node/base/store.hpp"
#include "node/runtime/task_group.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {

/// What is asked. Wire format: never reused.
enum class SurveyTopic : std::uint8_t { figures = 1, trace = 2, statistics = 3, chronicle = 4, queue = 5 };
inline constexpr std::size_t survey_topics = 6;

/// Thread-safe; state on the strand given. answer_with() comes before the first message. The ports outlive
/// it, and its tasks are joined before it is destroyed.
class Survey {
 public:
  /// Of the grid, with or without this node.
  struct Members {
    std::vector<NodeId> alive, dead;
  };
  struct Ports {
    NodeId self;
    asio::any_io_executor strand;
    Clock& clock;
    Network& network;
    TaskGroup& tasks;
    std::function<Members()> members;
  };
  explicit Survey(Ports ports);

  /// Who answers here. An error is no answer: who asks counts the node as silent. Runs on the strand.
  using Answerer = std::function<Task<Result<Bytes>>(Bytes question)>;
  void answer_with(SurveyTopic topic, Answerer answerer);

  struct Answers {
    std::vector<std::pair<NodeId, Bytes>> given;  ///< this node's own first
    std::vector<NodeId> silent;                   ///< members that do not live, or did not answer in time
  };
  [[nodiscard]] Task<Answers> ask(SurveyTopic topic, Bytes question, Duration wait_max);

  /// Of MessageKind::survey.
  void on_message(NodeId from, Bytes payload);

 private:
  struct Asking;
  [[nodiscard]] Task<Answers> ask_on_strand(SurveyTopic topic, Bytes question, Duration wait_max);
  [[nodiscard]] Task<void> take(NodeId from, survey::SurveyMessage message);
  [[nodiscard]] Task<Result<Bytes>> answer(std::uint32_t topic, Bytes question);
  void send(NodeId to, const survey::SurveyMessage& message);

  const Ports ports_;
  std::array<Answerer, survey_topics> answerers_;
  std::map<std::uint64_t, std::shared_ptr<Asking>> asking_;
  std::uint64_t questions_ = 0;
  std::size_t answering_ = 0;
};

}  // namespace gridmail
