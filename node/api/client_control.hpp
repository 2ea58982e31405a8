// ClientControl: what the HTTP API needs of the grid for mail clients, and for those who send clients its
// way.
//
// Thread-safe. Errors common to all calls: unavailable.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node/api/grid_control.hpp"
#include "node/base/host_port.hpp"

namespace gridmail::api {

/// A node's listener.
struct MailServer {
  NodeId node;
  HostPort address;  ///< the host is an IP address
};

/// What a mail program needs to know to serve a user of the domain; the user's name is the whole address.
struct ClientSettings {
  struct Server {
    enum class Kind : std::uint8_t { imap, pop3, smtp } kind;
    std::uint16_t port = 0;
    bool implicit_tls = true;  ///< from the first byte; otherwise by STARTTLS. Never without
  };
  std::string domain;
  std::string host;
  std::vector<Server> servers;  ///< one of each kind that is offered
};

class ClientControl {
 public:
  virtual ~ClientControl() = default;

  /// Whether the peer is a balancer of this grid, whose word counts for who its client is.
  [[nodiscard]] virtual bool is_balancer(std::string_view peer_address) const = 0;
  /// As a log-in through a mail protocol ("imap", "pop3", "smtp") from that address: wrong passwords are
  /// delayed and counted alike. Errors: denied.
  [[nodiscard]] virtual Task<Result<void>> log_in(std::string login, std::string password,
                                                  std::string client_address, std::string protocol) = 0;
  /// What socketmap answers: the domain, or the address that this address leads to. Errors: not_found.
  [[nodiscard]] virtual Task<Result<std::string>> look_up(std::string key) = 0;
  /// The best node that offers the service ("imap"; as under [listen]) to whoever gets the address's mail;
  /// for an address that leads to nobody's mailbox here, one that can serve anybody. Errors: unavailable
  /// (none).
  [[nodiscard]] virtual Task<Result<MailServer>> server_for(std::string address, std::string service) = 0;
  /// Errors: not_found (not a domain of ours, or no certificate has a name by which it is reached).
  [[nodiscard]] virtual Task<Result<ClientSettings>> client_settings(std::string domain) = 0;
};

}  // namespace gridmail::api
