// TlsSocket: a TCP connection, in the clear until a handshake has made it TLS.
#pragma once
#include <asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "node/base/bytes.hpp"
#include "node/base/store.hpp"
#include "node/runtime/tls_context.hpp"

namespace gridmail {

enum class TlsRole { client, server };

/// One reader and one writer at a time, on the socket's executor (a strand). OpenSSL works on the
/// non-blocking socket itself and Asio only tells when to try again, so that an idle connection holds no
/// buffers. What fails throws asio::system_error; cancelling an operation under way makes the connection
/// useless. No deadlines here: callers wrap an operation or call cancel().
class TlsSocket {
 public:
  explicit TlsSocket(asio::ip::tcp::socket socket);
  ~TlsSocket() { close(); }
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;

  /// `verified_name`: a client's server must have a certificate for it, a name or an IP address, which the
  /// context's roots vouch for; empty: whoever answers will do.
  [[nodiscard]] Task<void> handshake(TlsContext context, TlsRole role, std::string verified_name = {});
  /// 1 to `size` bytes; 0: the peer has finished sending.
  [[nodiscard]] Task<std::size_t> read_some(char* out, std::size_t size);
  [[nodiscard]] Task<void> write(BytesView bytes);
  /// Operations under way throw operation_aborted.
  void cancel();
  /// Says good-bye as far as that is possible without waiting, and closes. May be repeated.
  void close();

  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  /// Null in the clear.
  [[nodiscard]] SSL* tls() const { return ssl_.get(); }
  [[nodiscard]] asio::ip::tcp::socket& socket() { return socket_; }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  [[nodiscard]] Task<int> try_until_done(int (*step)(SSL*, void*), void* argument);
  [[nodiscard]] Task<void> wait_for(int ssl_error);
  [[nodiscard]] Task<void> be_fair();

  asio::ip::tcp::socket socket_;
  std::unique_ptr<SSL, Free> ssl_;
  bool established_ = false;
  unsigned without_wait_ = 0;  // operations that did not suspend, in a row
};

}  // namespace gridmail
