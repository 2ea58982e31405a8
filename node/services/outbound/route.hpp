// Route: which way mail for a domain elsewhere goes.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/base/host_port.hpp"
#include "node/base/result.hpp"
#include "protocols/smtp_client/client_session.hpp"
#include "storage/directory/directory.pb.h"

namespace gridmail {

struct Route {
  enum class Kind : std::uint8_t {
    mx,  ///< where the DNS says
    smtp,
    lmtp,
  };
  Kind kind = Kind::mx;
  HostPort host = {};  ///< of smtp and lmtp
  /// TLS or not at all, with a certificate for the host's name; otherwise TLS is used where it is offered.
  bool tls_required = false;
  std::optional<smtp::ClientCredentials> credentials = {};  ///< of a smart host; in no directory

  /// "mx", "smtp:relay.example.org:25", "lmtp:[2001:db8::1]:24"
  [[nodiscard]] std::string via() const;
  /// What destinations have in common that go the same way.
  [[nodiscard]] std::string next_hop(const std::string& destination) const;
};

/// `via` as Route::via() gives it. Errors: invalid.
[[nodiscard]] Result<Route> parse_route(std::string_view via);

[[nodiscard]] Route route_of(const directory::Route& record);
[[nodiscard]] directory::Route record_of(const std::string& domain, const Route& route);

}  // namespace gridmail
