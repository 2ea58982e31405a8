// SocketStream: the Stream port over a TCP connection: a client's, or one of ours to another server.
#pragma once
#include <memory>

#include "node/runtime/server_tls.hpp"
#include "node/runtime/stream.hpp"
#include "node/runtime/tls_socket.hpp"

namespace gridmail {

/// Belongs to its session and lives on the session's strand, the executor of the socket.
class SocketStream final : public Stream {
 public:
  /// `tls`: for start_tls; null when none is offered. It and the clock outlive the stream.
  SocketStream(asio::ip::tcp::socket socket, Clock& clock, const ServerTls* tls);
  /// A connection of ours: start_tls does the client's part, as TlsSocket::handshake() says.
  SocketStream(asio::ip::tcp::socket socket, Clock& clock, TlsContext client_tls, std::string verified_name);
  ~SocketStream() override;

  [[nodiscard]] Task<std::size_t> read_some(char* out, std::size_t size) override;
  [[nodiscard]] Task<void> write(BytesView bytes) override;
  void expires_at(TimePoint when) override;
  [[nodiscard]] Task<void> start_tls() override;
  [[nodiscard]] bool can_start_tls() const override;
  [[nodiscard]] bool is_secure() const override;
  [[nodiscard]] std::string peer_address() const override;
  [[nodiscard]] bool peer_is_loopback() const override;
  [[nodiscard]] std::string tls_version() const override;
  [[nodiscard]] std::string tls_cipher() const override;
  void close() override;
  enum class TlsEnds : std::uint8_t { here, before };
  /// A proxy has connected for this client: from now on it is the peer. Where its TLS ended at the proxy, the
  /// stream is secure as it is.
  void speak_for(asio::ip::address client, TlsEnds tls_ends);

 private:
  struct State;
  const ServerTls* const tls_;
  const TlsContext client_tls_;
  const std::string verified_name_;
  const std::shared_ptr<State> state_;  // shared with the timer's handler, weakly
};

}  // namespace gridmail
