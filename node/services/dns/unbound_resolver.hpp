// UnboundResolver: the Resolver port and RecordSearch over libunbound, which caches, and validates where it
// has a trust anchor.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/strand.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/host_port.hpp"
#include "node/runtime/task_group.hpp"
#include "node/services/dns/record_search.hpp"
#include "protocols/ports/resolver.hpp"

struct ub_ctx;
struct ub_result;

namespace gridmail {

/// Thread-safe. libunbound works on a thread of its own, begun with the first question; its answers are
/// fetched on a strand. Lifecycle: stop() before destruction.
class UnboundResolver final : public ports::Resolver, public RecordSearch {
 public:
  /// `servers` are asked, when there are any; otherwise those of /etc/resolv.conf. /etc/hosts counts too.
  UnboundResolver(asio::any_io_executor executor, Clock& clock, std::vector<HostPort> servers);
  ~UnboundResolver() override;

  [[nodiscard]] Task<Result<std::vector<ports::Exchanger>>> exchangers(std::string domain) override;
  [[nodiscard]] Task<Result<std::vector<std::string>>> addresses(std::string host) override;
  [[nodiscard]] Task<Result<std::vector<std::string>>> records(std::string name, RecordType type) override;
  [[nodiscard]] Task<void> stop();

 private:
  struct Question;
  struct Answer;

  [[nodiscard]] Task<Result<Answer>> ask(std::string name, int type);
  [[nodiscard]] Task<Result<Answer>> ask_on_strand(std::string name, int type);
  [[nodiscard]] Result<void> open();
  [[nodiscard]] Task<void> fetch_answers();
  static void take_answer(void* question, int error, ub_result* result);

  asio::strand<asio::any_io_executor> strand_;
  Clock& clock_;
  const std::vector<HostPort> servers_;
  ub_ctx* context_ = nullptr;
  asio::posix::stream_descriptor ready_;
  TaskGroup tasks_{"dns"};
};

}  // namespace gridmail
