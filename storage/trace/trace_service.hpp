// TraceService: what became of a message, as all nodes noted it.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/strand.hpp>
#include <string>
#include <vector>

#include "gossip/survey.hpp"
#include "node/runtime/task_group.hpp"
#include "node/runtime/timer.hpp"
#include "storage/trace/trace_book.hpp"

namespace gridmail {

/// Keeps this node's book, and asks the others for theirs. Thread-safe; state on a strand of its own.
/// Lifecycle: start() → stop() before destruction. The ports outlive it.
class TraceService {
 public:
  struct Ports {
    asio::any_io_executor executor;
    Clock& clock;
    Store& store;
    Survey& survey;
  };
  /// Before the survey's first message.
  TraceService(Ports ports, TraceBook::Settings settings);

  [[nodiscard]] TraceSink& sink() { return book_; }
  /// Errors: io, corrupted.
  [[nodiscard]] Task<Result<void>> start();
  [[nodiscard]] Task<void> stop();

  struct Answer {
    std::vector<trace::Event> events;  ///< by time, with their nodes
    std::vector<NodeId> silent;        ///< members that do not live, or did not answer in time
  };
  /// All that is known of the messages that `what` names: an id, a Message-ID or an address. A node whose
  /// book cannot be read is silent.
  [[nodiscard]] Task<Answer> find(std::string what);

 private:
  [[nodiscard]] Task<void> keep_book();
  [[nodiscard]] Task<Answer> ask(std::vector<std::string> terms);
  [[nodiscard]] Task<Result<Bytes>> answer(Bytes question);

  Ports ports_;
  TraceBook book_;
  asio::strand<asio::any_io_executor> strand_;
  TaskGroup tasks_{"trace"};
};

}  // namespace gridmail
