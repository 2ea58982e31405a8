// LocalStream: the Stream port over a Unix socket, from a program on this machine.
#pragma once
#include <asio/local/stream_protocol.hpp>
#include <memory>

#include "node/runtime/stream.hpp"

namespace gridmail {

/// Belongs to its session and lives on the session's strand. There is no TLS: nothing leaves the machine.
class LocalStream final : public Stream {
 public:
  LocalStream(asio::local::stream_protocol::socket socket, Clock& clock);
  ~LocalStream() override;

  [[nodiscard]] Task<std::size_t> read_some(char* out, std::size_t size) override;
  [[nodiscard]] Task<void> write(BytesView bytes) override;
  void expires_at(TimePoint when) override;
  [[nodiscard]] Task<void> start_tls() override;
  [[nodiscard]] bool can_start_tls() const override { return false; }
  [[nodiscard]] bool is_secure() const override { return false; }
  [[nodiscard]] std::string peer_address() const override { return "127.0.0.1"; }
  [[nodiscard]] bool peer_is_loopback() const override { return true; }
  [[nodiscard]] std::string tls_version() const override { return {}; }
  [[nodiscard]] std::string tls_cipher() const override { return {}; }
  void close() override;

 private:
  struct State;
  const std::shared_ptr<State> state_;  // shared with the timer's handler, weakly
};

}  // namespace gridmail
