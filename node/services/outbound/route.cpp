#include "node/services/outbound/route.hpp"

namespace gridmail {
namespace {

constexpr std::string_view smtp_prefix = "smtp:", lmtp_prefix = "lmtp:";

}  // namespace

std::string Route::via() const {
  if (kind == Kind::mx) return "mx";
  return std::string(kind == Kind::smtp ? smtp_prefix : lmtp_prefix) + host.text();
}

std::string Route::next_hop(const std::string& destination) const {
  // Connections are kept by it: one that nobody has verified is not for who requires that.
  return (kind == Kind::mx ? destination : via()) + (tls_required ? " with TLS" : "");
}

Result<Route> parse_route(std::string_view via) {
  Route route;
  if (via == "mx") return route;
  route.kind = via.starts_with(lmtp_prefix) ? Route::Kind::lmtp : Route::Kind::smtp;
  const bool is_known = via.starts_with(lmtp_prefix) || via.starts_with(smtp_prefix);
  auto host = is_known ? HostPort::parse(via.substr(smtp_prefix.size())) : std::nullopt;
  if (!host || host->port == 0)
    return fail(Errc::invalid, "a route goes via mx, smtp:HOST:PORT or lmtp:HOST:PORT");
  route.host = std::move(*host);
  return route;
}

Route route_of(const directory::Route& record) {
  Route route;
  route.kind = record.kind() == directory::Route::LMTP   ? Route::Kind::lmtp
               : record.kind() == directory::Route::SMTP ? Route::Kind::smtp
                                                         : Route::Kind::mx;
  if (route.kind != Route::Kind::mx) route.host = {record.host(), static_cast<std::uint16_t>(record.port())};
  route.tls_required = record.tls_required();
  return route;
}

directory::Route record_of(const std::string& domain, const Route& route) {
  directory::Route record;
  record.set_domain(domain);
  record.set_kind(route.kind == Route::Kind::lmtp   ? directory::Route::LMTP
                  : route.kind == Route::Kind::smtp ? directory::Route::SMTP
                                                    : directory::Route::MX);
  record.set_host(route.host.host);
  record.set_port(route.host.port);
  record.set_tls_required(route.tls_required);
  return record;
}

}  // namespace gridmail
