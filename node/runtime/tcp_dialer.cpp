#include "node/runtime/tcp_dialer.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include "node/runtime/socket_stream.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {
namespace {

using asio::ip::tcp;

Task<std::error_code> try_connecting(tcp::socket* socket, tcp::endpoint to) {
  std::error_code error;
  co_await socket->async_connect(to, asio::redirect_error(asio::use_awaitable, error));
  co_return error;
}

/// The roots are looked up when a certificate needs them.
TlsContext context_with_roots() {
  auto context = make_tls_context(TLS_client_method(), TLS1_2_VERSION);
  SSL_CTX_set_default_verify_paths(context.get());
  return context;
}

}  // namespace

TcpDialer::TcpDialer(Clock& clock)
    : clock_(clock),
      tls_(make_tls_context(TLS_client_method(), TLS1_2_VERSION)),
      verifying_tls_(context_with_roots()) {}

Task<Result<std::unique_ptr<Stream>>> TcpDialer::connect(std::string address, std::uint16_t port,
                                                         TimePoint deadline, std::string verified_name) {
  std::error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) co_return fail(Errc::io, address + " is not an IP address");
  tcp::socket socket(co_await asio::this_coro::executor);
  const auto connected = co_await before(clock_, deadline, try_connecting(&socket, tcp::endpoint(ip, port)));
  if (!connected) co_return fail(Errc::timed_out, "connection timed out");
  if (*connected) co_return fail(Errc::io, connected->message());
  const auto& tls = verified_name.empty() ? tls_ : verifying_tls_;
  co_return std::make_unique<SocketStream>(std::move(socket), clock_, tls, std::move(verified_name));
}

}  // namespace gridmail
