// RemoteSender: the queue's RemoteDelivery port over SMTP and LMTP.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/strand.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/runtime/dialer.hpp"
#include "node/runtime/task_group.hpp"
#include "node/services/outbound/host_search.hpp"
#include "node/services/outbound/route_table.hpp"
#include "node/services/outbound/sender_notice.hpp"
#include "protocols/smtp_client/client_session.hpp"
#include "storage/queue/remote_delivery.hpp"

namespace gridmail {

struct OutboundSettings {
  smtp::ClientSettings client;
  Route route;              ///< of domains that have none of their own
  std::uint16_t port = 25;  ///< of mail servers found by the DNS
};

/// Thread-safe; connections live on a strand of its own, and are kept for a moment for the next message that
/// goes the same way. Lifecycle: start() → stop() before destruction. The ports outlive it.
class RemoteSender final : public RemoteDelivery {
 public:
  struct Ports {
    asio::any_io_executor executor;
    Clock& clock;
    Random& random;
    ports::Resolver& resolver;
    Dialer& dialer;
    const RouteTable& routes;
    SenderNotice& notice;
  };
  RemoteSender(Ports ports, OutboundSettings settings);
  void start();
  [[nodiscard]] Task<void> stop();

  [[nodiscard]] Task<std::string> next_hop(std::string destination) const override;
  [[nodiscard]] Task<Sent> send(std::shared_ptr<const Sending> what) override;
  [[nodiscard]] Task<Result<void>> report(std::shared_ptr<const Reporting> what) override {
    return ports_.notice.tell(std::move(what));
  }

 private:
  struct Connection {
    std::unique_ptr<smtp::ClientSession> session;
    std::string host;
    TimePoint idle_since;
  };
  using Verdicts = std::vector<smtp::Verdict>;
  struct Attempt {
    std::optional<Verdicts> verdicts;  ///< nothing: no server took the conversation up
    std::string host;
    bool tells = false;  ///< the server tells the sender itself (RFC 3461)
    smtp::Verdict trouble;
  };

  [[nodiscard]] Task<Sent> send_on_strand(std::shared_ptr<const Sending> what);
  [[nodiscard]] Task<Attempt> try_kept_then_new(std::shared_ptr<const Sending> what, Route route);
  [[nodiscard]] Task<Attempt> attempt(std::shared_ptr<const Sending> what, Route route, std::string hop);
  [[nodiscard]] Task<Attempt> attempt_with(Connection connection, std::shared_ptr<const Sending> what,
                                           std::string hop);
  [[nodiscard]] Task<Result<Connection>> open(MailHost host, smtp::ServerTerms terms, smtp::Verdict* trouble);
  [[nodiscard]] std::optional<Connection> take_idle(const std::string& hop);
  void keep(const std::string& hop, Connection connection);
  [[nodiscard]] Task<void> close_idle();

  Ports ports_;
  const OutboundSettings settings_;
  HostSearch search_;
  asio::strand<asio::any_io_executor> strand_;
  std::map<std::string, std::deque<Connection>> idle_;
  std::size_t idle_count_ = 0;
  TaskGroup tasks_{"remote sender"};
};

}  // namespace gridmail
