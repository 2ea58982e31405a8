#include "node/services/clients/listener_keeper.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include "gossip/transport/peer_address.hpp"
#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {
namespace {

constexpr auto asked_every = std::chrono::seconds(2);
constexpr auto resolved_every = std::chrono::seconds(30);

/// What other nodes are told to connect to may be a name; those who ask for clients need an address.
Task<Result<std::string>> address_of(std::string host) {
  asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
  std::error_code error;
  const auto found =
      co_await resolver.async_resolve(host, "", asio::redirect_error(asio::use_awaitable, error));
  if (error == asio::error::operation_aborted) throw std::system_error(error);
  if (error || found.empty()) co_return fail(Errc::unavailable, error.message());
  co_return host_port_of(found.begin()->endpoint().address(), 0).host;
}

}  // namespace

Task<void> keep_listeners_known(Clock& clock, const NodeConfig& config, const Membership& membership,
                                ListenerBook& book) {
  bool is_told = false;
  TimePoint next_try = clock.now();
  for (;;) {
    if (!is_told && clock.now() >= next_try) {
      const auto address = co_await address_of(config.advertised().host);
      is_told = address.has_value();
      next_try = clock.now() + resolved_every;
      if (is_told) {
        book.set_own(reachable_listeners(config, *address));
      } else {
        log(Level::warn, "node.own_address_unknown",
            {{"host", config.advertised().host}, {"error", address.error().text}});
      }
    }
    book.ask(*membership.view());
    co_await sleep_for(clock, asked_every);
  }
}

}  // namespace gridmail
