#include "node/runtime/socket_stream.hpp"

#include <asio/system_error.hpp>

#include "node/runtime/stream_deadline.hpp"

namespace gridmail {
namespace {

/// An IPv4 client of a dual-stack listener shows up as ::ffff:192.0.2.1 (RFC 4291, 2.5.5.2); here it is
/// 192.0.2.1.
asio::ip::address plain_address(const asio::ip::tcp::socket& socket) {
  std::error_code error;
  auto address = socket.remote_endpoint(error).address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address;
}

}  // namespace

struct SocketStream::State final : StreamDeadline {
  State(asio::ip::tcp::socket s, Clock& clock)
      : StreamDeadline(s.get_executor(), clock), peer(plain_address(s)), socket(std::move(s)) {}
  void close() override { socket.close(); }
  void cancel() override { socket.cancel(); }

  asio::ip::address peer;
  bool tls_ended_before = false;  ///< at the proxy that speaks for the peer
  TlsSocket socket;
};

SocketStream::SocketStream(asio::ip::tcp::socket socket, Clock& clock, const ServerTls* tls)
    : tls_(tls), state_(std::make_shared<State>(std::move(socket), clock)) {
  std::error_code ignored;
  state_->socket.socket().set_option(asio::socket_base::keep_alive(true), ignored);
}

SocketStream::SocketStream(asio::ip::tcp::socket socket, Clock& clock, TlsContext client_tls,
                           std::string verified_name)
    : tls_(nullptr),
      client_tls_(std::move(client_tls)),
      verified_name_(std::move(verified_name)),
      state_(std::make_shared<State>(std::move(socket), clock)) {}

SocketStream::~SocketStream() {
  state_->stop();
}

Task<std::size_t> SocketStream::read_some(char* out, std::size_t size) {
  const StreamDeadline::Operation operation(*state_);
  try {
    co_return co_await state_->socket.read_some(out, size);
  } catch (const asio::system_error&) {
    operation.failed();
  }
}

Task<void> SocketStream::write(BytesView bytes) {
  const StreamDeadline::Operation operation(*state_);
  try {
    co_await state_->socket.write(bytes);
  } catch (const asio::system_error&) {
    operation.failed();
  }
}

Task<void> SocketStream::start_tls() {
  const StreamDeadline::Operation operation(*state_);
  try {
    auto context = client_tls_ ? client_tls_ : tls_->current();
    co_await state_->socket.handshake(std::move(context), client_tls_ ? TlsRole::client : TlsRole::server,
                                      verified_name_);
  } catch (const asio::system_error&) {
    operation.failed();
  }
}

void SocketStream::expires_at(TimePoint when) {
  state_->expires_at(when);
}

bool SocketStream::can_start_tls() const {
  return (tls_ != nullptr || client_tls_) && !is_secure();
}
bool SocketStream::is_secure() const {
  return state_->socket.tls() != nullptr || state_->tls_ended_before;
}

std::string SocketStream::peer_address() const {
  return state_->peer.to_string();
}
bool SocketStream::peer_is_loopback() const {
  return state_->peer.is_loopback();
}

std::string SocketStream::tls_version() const {
  return state_->socket.tls() != nullptr ? SSL_get_version(state_->socket.tls()) : "";
}
std::string SocketStream::tls_cipher() const {
  return state_->socket.tls() != nullptr ? SSL_get_cipher_name(state_->socket.tls()) : "";
}

void SocketStream::speak_for(asio::ip::address client, TlsEnds tls_ends) {
  state_->peer = std::move(client);
  state_->tls_ended_before = tls_ends == TlsEnds::before;
}

void SocketStream::close() {
  state_->stop();
  state_->close();
}

}  // namespace gridmail
