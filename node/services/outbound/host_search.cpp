#include "node/services/outbound/host_search.hpp"

#include <algorithm>
#include <asio/ip/address.hpp>

#include "protocols/smtp_client/mx_plan.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail {
namespace {

/// RFC 5321, section 5.1 asks for two addresses at least.
constexpr std::size_t hosts_max = 8;
constexpr std::size_t addresses_per_host_max = 4;
constexpr std::size_t names_looked_up_max = 10;

smtp::Verdict trouble(smtp::Verdict::Kind kind, std::string status, std::string text) {
  return {kind, std::move(status), std::move(text), false};
}
smtp::Verdict refused(std::string status, std::string text) {
  return trouble(smtp::Verdict::Kind::refused, std::move(status), std::move(text));
}
/// RFC 3463, section 3.5: X.4.3, directory server failure.
smtp::Verdict deferred(const std::string& name, const Error& error) {
  return trouble(smtp::Verdict::Kind::deferred, "4.4.3", name + ": " + error.text);
}

/// "[192.0.2.1]", "[IPv6:2001:db8::1]"
std::optional<std::string> address_in(const std::string& destination) {
  if (destination.size() < 3 || destination.front() != '[' || destination.back() != ']') return std::nullopt;
  const std::string inside = destination.substr(1, destination.size() - 2);
  return text::starts_with_ignoring_case(inside, "IPv6:") ? inside.substr(5) : inside;
}

// g++ 12 cannot have such lists within a coroutine.
HostSearch::Found one_host(std::string name, std::string address, std::uint16_t port) {
  HostSearch::Found found;
  found.hosts.push_back({std::move(name), std::move(address), port});
  return found;
}
HostSearch::Found none(smtp::Verdict trouble) {
  HostSearch::Found found;
  found.trouble = std::move(trouble);
  return found;
}

bool is_address(const std::string& host) {
  std::error_code error;
  (void)asio::ip::make_address(host, error);
  return !error;
}

/// The families in turn, begun with the one that comes first: a host with many addresses of a family that
/// does not get through is reached by the other, though only the first few are tried.
std::vector<std::string> in_turn(std::vector<std::string> addresses) {
  const auto is_first_family = [v6 = !addresses.empty() && addresses.front().find(':') != std::string::npos](
                                   const std::string& address) {
    return (address.find(':') != std::string::npos) == v6;
  };
  const auto middle = std::stable_partition(addresses.begin(), addresses.end(), is_first_family);
  std::vector<std::string> mixed;
  auto one = addresses.begin(), other = middle;
  while (one != middle || other != addresses.end()) {
    if (one != middle) mixed.push_back(std::move(*one++));
    if (other != addresses.end()) mixed.push_back(std::move(*other++));
  }
  return mixed;
}

}  // namespace

Task<HostSearch::Found> HostSearch::find(std::string destination, Route route) const {
  if (route.kind != Route::Kind::mx) {
    const auto& [host, port] = route.host;
    if (is_address(host)) co_return one_host(host, host, port);
    std::vector<std::string> names(1, host);
    auto found = co_await find_by_name(std::move(names), port);
    // A route's host that is not there is the administrator's mistake, not the message's.
    if (found.hosts.empty()) found.trouble.kind = smtp::Verdict::Kind::deferred;
    co_return found;
  }
  const auto literal = address_in(destination);
  if (literal) co_return one_host(*literal, *literal, port_);
  auto exchangers = co_await resolver_.exchangers(destination);
  if (!exchangers && exchangers.error().temporary())
    co_return none(deferred(destination, exchangers.error()));
  if (!exchangers) co_return none(refused("5.1.2", destination + ": " + exchangers.error().text));
  if (exchangers->empty()) {  // the implicit MX
    std::vector<std::string> itself(1, destination);
    co_return co_await find_by_name(std::move(itself), port_);
  }
  auto names = smtp::order_exchangers(std::move(*exchangers), own_name_, random_);
  if (!names) {
    const bool is_null = names.error().code == Errc::invalid;  // RFC 7505, section 4.1
    co_return none(refused(is_null ? "5.1.10" : "5.4.6", destination + ": " + names.error().text));
  }
  co_return co_await find_by_name(std::move(*names), port_);
}

Task<HostSearch::Found> HostSearch::find_by_name(std::vector<std::string> names, std::uint16_t port) const {
  Found found;
  found.trouble = refused("5.4.4", names.front() + ": no mail server has an address");
  for (std::size_t i = 0; i < std::min(names.size(), names_looked_up_max); ++i) {
    auto resolved = co_await resolver_.addresses(names[i]);
    if (!resolved) {
      if (resolved.error().temporary()) found.trouble = deferred(names[i], resolved.error());
      continue;
    }
    const auto addresses = in_turn(std::move(*resolved));
    for (std::size_t n = 0; n < std::min(addresses.size(), addresses_per_host_max); ++n) {
      if (found.hosts.size() < hosts_max) found.hosts.push_back({names[i], addresses[n], port});
    }
    if (found.hosts.size() >= hosts_max) break;
  }
  co_return found;
}

}  // namespace gridmail
