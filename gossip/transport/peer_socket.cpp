#include "gossip/transport/peer_socket.hpp"

#include <fmt/format.h>
#include <netinet/tcp.h>

#include <asio/connect.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <stdexcept>

#include "gossip/transport/peer_address.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {
namespace {

using asio::ip::tcp;

/// TLS proves that the other side holds the private key of its certificate; whose key it is, is decided
/// afterwards.
int accept_any_certificate(X509_STORE_CTX*, void*) {
  return 1;
}

TlsContext make_peer_context(const SSL_METHOD* method, const TlsIdentity& identity) {
  auto context = make_tls_context(method, TLS1_3_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), accept_any_certificate, nullptr);
  SSL_CTX_set1_sigalgs_list(context.get(), "ed25519");
  SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_num_tickets(context.get(), 0);  // keys are pinned: every connection shows them again
  if (auto used = use_certificate(*context, identity.certificate(), identity.key()); !used) {
    throw std::runtime_error("node certificate: " + used.error().text);
  }
  return context;
}

Task<std::vector<tcp::endpoint>> resolve(HostPort address) {
  std::error_code error;
  const auto ip = asio::ip::make_address(address.host, error);
  std::vector<tcp::endpoint> endpoints;
  if (!error) {
    endpoints.emplace_back(ip, address.port);
    co_return endpoints;
  }
  tcp::resolver resolver(co_await asio::this_coro::executor);
  const auto found = co_await resolver.async_resolve(address.host, std::to_string(address.port),
                                                     asio::redirect_error(asio::use_awaitable, error));
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

/// One address, without a deadline.
Task<Result<PeerSocket>> dial_one(TlsContext context, std::string address, NodeId expected) {
  const auto parsed = HostPort::parse(address);
  if (!parsed) co_return fail(Errc::invalid, fmt::format("\"{}\" is not host:port", address));
  try {
    const auto endpoints = co_await resolve(*parsed);
    if (endpoints.empty()) co_return fail(Errc::unavailable, fmt::format("{} has no address", parsed->host));
    tcp::socket connection(co_await asio::this_coro::executor);
    co_await asio::async_connect(connection, endpoints, asio::use_awaitable);
    watch_for_half_open(connection);
    const auto socket = std::make_shared<TlsSocket>(std::move(connection));
    co_await socket->handshake(context, TlsRole::client);
    const auto key = peer_public_key(*socket);
    if (!key || node_id_of(*key) != expected) {
      co_return fail(Errc::denied,
                     fmt::format("{} answers with another key than node {}'s", address, expected.hex()));
    }
    co_return socket;
  } catch (const asio::system_error& error) {
    co_return fail(Errc::unavailable, fmt::format("{}: {}", address, error.what()));
  }
}

}  // namespace

PeerTls::PeerTls(const TlsIdentity& identity)
    : client(make_peer_context(TLS_client_method(), identity)),
      server(make_peer_context(TLS_server_method(), identity)) {}

std::optional<Bytes> peer_public_key(const TlsSocket& socket) {
  const X509* const certificate = socket.tls() ? SSL_get0_peer_certificate(socket.tls()) : nullptr;
  const EVP_PKEY* const key = certificate ? X509_get0_pubkey(certificate) : nullptr;
  return key ? raw_public_key(*key) : std::nullopt;
}

void watch_for_half_open(tcp::socket& socket) {
  const auto set = [&](int level, int name, int value) {
    ::setsockopt(socket.native_handle(), level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 1);   // seconds
  set(IPPROTO_TCP, TCP_KEEPINTVL, 1);  // seconds
  set(IPPROTO_TCP, TCP_KEEPCNT, 2);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 3000);  // milliseconds that sent data may stay unacknowledged
}

Task<Result<PeerSocket>> dial(Clock& clock, TlsContext context, std::vector<std::string> addresses,
                              NodeId expected, TimePoint deadline) {
  Result<PeerSocket> outcome = fail(Errc::invalid, "no address is known");
  auto left = static_cast<int>(addresses.size());
  for (const auto& address : addresses) {
    const auto share =
        clock.now() + (deadline - clock.now()) / left--;  // a silent address leaves time for the others
    auto tried = co_await before(clock, share, dial_one(context, address, expected));
    if (tried) {
      outcome = std::move(*tried);
    } else {
      outcome = fail(Errc::timed_out, fmt::format("{} does not answer", address));
    }
    if (outcome) break;
  }
  co_return outcome;
}

Task<Result<Frame>> read_frame(TlsSocket& socket, FrameReader& reader, std::size_t payload_max) {
  while (true) {
    auto frame = reader.next(payload_max);
    if (!frame) co_return tl::unexpected(frame.error());
    if (*frame) co_return std::move(**frame);
    try {
      const auto size = co_await socket.read_some(reader.space(), FrameReader::space_bytes());
      if (size == 0) co_return fail(Errc::unavailable, "closed by the other side");
      reader.filled(size);
    } catch (const asio::system_error& error) {
      co_return fail(Errc::unavailable, error.what());
    }
  }
}

Task<Result<void>> write_bytes(TlsSocket& socket, BytesView bytes) {
  try {
    co_await socket.write(bytes);
    co_return Result<void>{};
  } catch (const asio::system_error& error) {
    co_return fail(Errc::unavailable, error.what());
  }
}

}  // namespace gridmail
