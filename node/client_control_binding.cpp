#include "node/client_control_binding.hpp"

#include <algorithm>
#include <tuple>

#include "node/services/clients/client_host.hpp"
#include "node/services/clients/server_choice.hpp"
#include "node/statistics/metered_session.hpp"
#include "protocols/lookup/table.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail {
namespace {

using Kind = api::ClientSettings::Server::Kind;

/// RFC 8314, section 3: TLS from the first byte is preferred.
std::vector<api::ClientSettings::Server> servers_of(const NodeConfig& config) {
  constexpr std::tuple<Kind, Service, Service> kinds[] = {
      {Kind::imap, Service::imaps, Service::imap},
      {Kind::pop3, Service::pop3s, Service::pop3},
      {Kind::smtp, Service::submissions, Service::submission}};
  std::vector<api::ClientSettings::Server> servers;
  for (const auto& [kind, with_tls, with_start_tls] : kinds) {
    if (const auto listener = config.listener(with_tls)) {
      servers.push_back({kind, listener->port, true});
    } else if (const auto plain = config.listener(with_start_tls)) {
      servers.push_back({kind, plain->port, false});
    }
  }
  return servers;
}

TrafficProtocol counted_as(ports::Protocol protocol) {
  return protocol == ports::Protocol::imap   ? TrafficProtocol::imap
         : protocol == ports::Protocol::pop3 ? TrafficProtocol::pop3
         : protocol == ports::Protocol::smtp ? TrafficProtocol::submission
                                             : TrafficProtocol::http;
}

}  // namespace

Task<Result<std::string>> host_for_clients(CertificateAdmin& certificates, const directory::Domain& domain,
                                           std::string own_host) {
  const auto rows = co_await certificates.list();
  if (!rows) co_return tl::unexpected(rows.error());
  std::vector<std::vector<std::string>> names;
  for (const auto& row : *rows) names.push_back(row.facts.names);
  auto host = client_host(names, domain.name(), own_host);
  if (!host && !domain.alias_of().empty()) host = client_host(names, domain.alias_of(), own_host);
  if (!host)
    co_return fail(Errc::not_found, "no certificate has a name for mail programs of " + domain.name());
  co_return std::move(*host);
}

bool ClientControlBinding::is_balancer(std::string_view peer_address) const {
  const auto& proxies = parts_.config.proxies;
  return std::any_of(proxies.begin(), proxies.end(),
                     [&](const IpNetwork& network) { return network.contains(peer_address); });
}

/// One that is right is counted by the session that the balancer opens with it.
Task<Result<void>> ClientControlBinding::log_in(std::string login, std::string password,
                                                std::string client_address, std::string protocol) {
  const auto known = ports::protocol_named(protocol);
  if (!known) co_return fail(Errc::invalid, "not a protocol: " + protocol);
  auto& directory = parts_.mail.directory();
  const auto account =
      co_await directory.authenticate(login, std::move(password), std::move(client_address), *known);
  if (!account && account.error().code == Errc::denied)
    co_await count_refused(parts_.meter, directory, std::move(login), counted_as(*known));
  if (!account) co_return tl::unexpected(account.error());
  co_return Result<void>{};
}

Task<Result<std::string>> ClientControlBinding::look_up(std::string key) {
  auto answer = co_await lookup::look_up(parts_.mail.directory(), std::move(key));
  switch (answer.kind) {
    case lookup::Answer::Kind::found:
      co_return std::move(answer.text);
    case lookup::Answer::Kind::not_found:
      co_return fail(Errc::not_found, "neither a domain nor an address of this grid");
    case lookup::Answer::Kind::temporary:
    case lookup::Answer::Kind::permanent:
      break;
  }
  co_return fail(Errc::unavailable, std::move(answer.text));
}

Task<Result<api::MailServer>> ClientControlBinding::server_for(std::string address, std::string service) {
  std::optional<SlotId> slot;
  if (!address.empty()) {
    const auto located = co_await parts_.mail.admin().locate_user(std::move(address));
    if (located) slot = *located;
  }
  const auto map = parts_.core.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  for (const auto node : nodes_for_client(*map, slot, parts_.is_alive, parts_.random)) {
    auto listener = parts_.listeners.find(node, service);
    if (listener) co_return api::MailServer{node, std::move(*listener)};
  }
  co_return fail(Errc::unavailable, "no node offers " + service + " now");
}

/// The ports are this node's: what stands in front of the nodes offers the same ones.
Task<Result<api::ClientSettings>> ClientControlBinding::client_settings(std::string domain) {
  const auto name = text::to_ascii_domain(domain);
  if (!name) co_return fail(Errc::not_found, "not a domain: " + domain);
  const auto ours = co_await parts_.mail.view().domain(*name);
  if (!ours) co_return fail(ours.error().code, "no domain " + *name);
  const auto host = co_await host_for_clients(parts_.certificates, *ours, parts_.config.hostname);
  if (!host) co_return tl::unexpected(host.error());
  co_return api::ClientSettings{*name, *host, servers_of(parts_.config)};
}

}  // namespace gridmail
