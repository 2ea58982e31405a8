// TraceService: what became of a message, as all nodes noted it.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/strand.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "node/base/network.hpp"
#include "node/runtime/task_group.hpp"
#include "node/runtime/timer.hpp"
#include "storage/trace/trace_book.hpp"

namespace gridmail {

/// Keeps this node's book, and asks the others for theirs. Thread-safe; state on a strand of its own.
/// Lifecycle: start() → stop() before destruction. The ports outlive it.
class TraceService {
 public:
  struct Ports {
    NodeId self;
    asio::any_io_executor executor;
    Clock& clock;
    Network& network;
    Store& store;
    std::function<std::vector<NodeId>()> others;  ///< members that live
  };
  TraceService(Ports ports, TraceBook::Settings settings);

  [[nodiscard]] TraceSink& sink() { return book_; }
  /// Errors: io, corrupted.
  [[nodiscard]] Task<Result<void>> start();
  [[nodiscard]] Task<void> stop();
  /// Of MessageKind::trace.
  void on_message(NodeId from, Bytes payload);

  struct Answer {
    std::vector<trace::Event> events;  ///< by time, with their nodes
    std::vector<NodeId> silent;        ///< nodes that live and did not answer in time
  };
  /// All that is known of the messages that `what` names: an id, a Message-ID or an address. Errors: io,
  /// corrupted.
  [[nodiscard]] Task<Result<Answer>> find(std::string what);

 private:
  struct Asking;
  [[nodiscard]] Task<void> keep_book();
  [[nodiscard]] Task<Result<Answer>> find_on_strand(std::string what);
  [[nodiscard]] Task<Result<void>> ask(std::vector<std::string> terms, std::shared_ptr<Answer> answer);
  [[nodiscard]] Task<void> take(NodeId from, Bytes payload);
  void send(NodeId to, const trace::TraceMessage& message);

  Ports ports_;
  TraceBook book_;
  asio::strand<asio::any_io_executor> strand_;
  std::map<std::uint64_t, std::shared_ptr<Asking>> asking_;
  std::uint64_t questions_ = 0;
  TaskGroup tasks_{"trace"};
};

}  // namespace gridmail
