// RemoteSender: the queue's RemoteDelivery port over SMTP.
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
#include "node/services/outbound/sender_notice.hpp"
#include "protocols/smtp_client/client_session.hpp"
#include "storage/queue/remote_delivery.hpp"

namespace gridmail {

struct OutboundSettings {
  smtp::ClientSettings client;
  std::optional<HostPort> smart_host;  ///< all mail for other domains goes there
  std::uint16_t port = 25;             ///< of mail servers found by the DNS
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
    SenderNotice& notice;
  };
  RemoteSender(Ports ports, OutboundSettings settings);
  void start();
  [[nodiscard]] Task<void> stop();

  [[nodiscard]] std::string next_hop(const std::string& destination) const override {
    return search_.next_hop(destination);
  }
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
  [[nodiscard]] Task<Attempt> attempt(std::shared_ptr<const Sending> what, std::string hop);
  [[nodiscard]] Task<Attempt> attempt_with(Connection connection, std::shared_ptr<const Sending> what,
                                           std::string hop);
  [[nodiscard]] Task<Result<Connection>> open(MailHost host, smtp::ClientTls tls, smtp::Verdict* trouble);
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
