#include "node/outbound_settings.hpp"

#include "node/runtime/this_machine.hpp"

namespace gridmail {

Result<OutboundSettings> outbound_settings(const NodeConfig& config) {
  const auto& given = config.outbound;
  OutboundSettings outbound;
  outbound.client.hostname = config.hostname;
  if (given.smart_host) {
    outbound.route.kind = Route::Kind::smtp;
    outbound.route.host = *given.smart_host;
  }
  outbound.route.tls_required = given.tls_required;
  if (given.user.empty()) return outbound;
  auto password = read_secret(given.password_file);
  if (!password)
    return tl::unexpected(Error{Errc::invalid, "outbound.password_file: " + password.error().text});
  outbound.route.credentials = smtp::ClientCredentials{given.user, std::move(*password)};
  // Under TLS with whoever answers, anybody on the way could have it.
  if (!is_this_machine(outbound.route.host.host)) outbound.route.tls_required = true;
  return outbound;
}

}  // namespace gridmail
