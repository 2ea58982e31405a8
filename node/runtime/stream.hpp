// Stream: a connection as its session sees it. Sockets and TLS in production
// (node/runtime/tcp_server), a pair of byte pipes in tests and in the simulator.
#pragma once
#include <cstddef>
#include <string>
#include <utility>

#include "node/base/bytes.hpp"
#include "node/base/clock.hpp"
#include "node/base/store.hpp"

namespace gridmail {

/// One reader and one writer at a time, on the session's strand. A broken, closed or expired stream makes
/// reads and writes throw asio::system_error, caught once at the session's root. Cancelling a read or write
/// closes the stream.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Reads 1 to `size` bytes; 0 means that the peer has finished sending.
  [[nodiscard]] virtual Task<std::size_t> read_some(char* out, std::size_t size) = 0;
  /// Writes all of it. The bytes must stay valid until it returns.
  [[nodiscard]] virtual Task<void> write(BytesView bytes) = 0;
  /// Reads and writes that have not finished by then throw timed_out and close the stream. Replaces the last
  /// one.
  virtual void expires_at(TimePoint when) = 0;
  /// The handshake of whichever side this is; bytes the peer sent before it must have been discarded by the
  /// caller (RFC 3207, section 4.2).
  [[nodiscard]] virtual Task<void> start_tls() = 0;
  [[nodiscard]] virtual bool can_start_tls() const = 0;
  [[nodiscard]] virtual bool is_secure() const = 0;
  /// The other side's address without port: "192.0.2.1", "2001:db8::1".
  [[nodiscard]] virtual std::string peer_address() const = 0;
  [[nodiscard]] virtual bool peer_is_loopback() const = 0;
  /// "TLSv1.3" and "TLS_AES_256_GCM_SHA384", for Received headers; empty without TLS.
  [[nodiscard]] virtual std::string tls_version() const = 0;
  [[nodiscard]] virtual std::string tls_cipher() const = 0;
  virtual void close() = 0;

  /// Names the connection in the log and in traces; empty where nobody named it.
  [[nodiscard]] const std::string& connection() const { return connection_; }
  void name_connection(std::string name) { connection_ = std::move(name); }

 private:
  std::string connection_;
};

}  // namespace gridmail
