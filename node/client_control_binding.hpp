// ClientControlBinding: the HTTP API's ClientControl bound to a node's mail services and its book of
// listeners.
#pragma once
#include <functional>

#include "node/api/client_control.hpp"
#include "node/config.hpp"
#include "node/grid/mail_services.hpp"
#include "node/services/certificates/certificate_admin.hpp"
#include "node/services/clients/listener_book.hpp"
#include "node/statistics/traffic_meter.hpp"

namespace gridmail {

/// By which name mail programs of the domain reach the grid; `own_host`: this node's. Errors: not_found (no
/// certificate has one), unavailable. `domain` outlives the call.
[[nodiscard]] Task<Result<std::string>> host_for_clients(CertificateAdmin& certificates,
                                                         const directory::Domain& domain,
                                                         std::string own_host);

/// Thread-safe, without state of its own; the parts outlive it.
class ClientControlBinding final : public api::ClientControl {
 public:
  struct Parts {
    GridCore& core;
    MailServices& mail;
    Random& random;
    const NodeConfig& config;
    const ListenerBook& listeners;
    CertificateAdmin& certificates;
    TrafficMeter& meter;
    std::function<bool(NodeId)> is_alive;
  };
  explicit ClientControlBinding(Parts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] bool is_balancer(std::string_view peer_address) const override;
  [[nodiscard]] Task<Result<void>> log_in(std::string login, std::string password, std::string client_address,
                                          std::string protocol) override;
  [[nodiscard]] Task<Result<std::string>> look_up(std::string key) override;
  [[nodiscard]] Task<Result<api::MailServer>> server_for(std::string address, std::string service) override;
  [[nodiscard]] Task<Result<api::ClientSettings>> client_settings(std::string domain) override;

 private:
  Parts parts_;
};

}  // namespace gridmail
