// HostSearch: where mail for a domain goes: the smart host, an address literal, or what MX and address
// records say (RFC 5321, section 5.1).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "node/base/host_port.hpp"
#include "node/base/random.hpp"
#include "protocols/ports/resolver.hpp"
#include "protocols/smtp_client/outgoing_mail.hpp"

namespace gridmail {

/// One address of one host.
struct MailHost {
  std::string name;
  std::string address;
  std::uint16_t port = 25;
};

/// Thread-safe, without state of its own; the ports outlive it.
class HostSearch {
 public:
  HostSearch(ports::Resolver& resolver, Random& random, std::string own_name,
             std::optional<HostPort> smart_host, std::uint16_t port)
      : resolver_(resolver),
        random_(random),
        own_name_(std::move(own_name)),
        smart_host_(std::move(smart_host)),
        port_(port) {}

  struct Found {
    std::vector<MailHost> hosts;  ///< in the order in which to try them
    smtp::Verdict trouble;        ///< why there are none
  };
  [[nodiscard]] Task<Found> find(std::string destination) const;
  /// What destinations have in common that go the same way.
  [[nodiscard]] std::string next_hop(const std::string& destination) const;

 private:
  [[nodiscard]] Task<Found> find_by_name(std::vector<std::string> names, std::uint16_t port) const;

  ports::Resolver& resolver_;
  Random& random_;
  const std::string own_name_;
  const std::optional<HostPort> smart_host_;
  const std::uint16_t port_;
};

}  // namespace gridmail
