// HostSearch: where mail for a domain goes: the host of its route, an address literal, or what MX and address
// records say (RFC 5321, section 5.1).
#pragma once
#include <string>
#include <vector>

#include "node/base/random.hpp"
#include "node/services/outbound/route.hpp"
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
  /// `port`: of mail servers found by the DNS.
  HostSearch(ports::Resolver& resolver, Random& random, std::string own_name, std::uint16_t port)
      : resolver_(resolver), random_(random), own_name_(std::move(own_name)), port_(port) {}

  struct Found {
    std::vector<MailHost> hosts;  ///< in the order in which to try them
    /// Why there are none; deferred: why there may be more another time.
    smtp::Verdict trouble{smtp::Verdict::Kind::refused, {}, {}, false};
  };
  [[nodiscard]] Task<Found> find(std::string destination, Route route) const;

 private:
  [[nodiscard]] Task<Found> find_by_name(std::vector<std::string> names, std::uint16_t port) const;

  ports::Resolver& resolver_;
  Random& random_;
  const std::string own_name_;
  const std::uint16_t port_;
};

}  // namespace gridmail
