// A Stream as one end of a pair of byte pipes: the session under test gets one end, the test script the
// other.
#pragma once
#include <asio/any_io_executor.hpp>
#include <memory>
#include <string>
#include <utility>

#include "node/base/clock.hpp"
#include "node/runtime/stream.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail::testing {

/// What the session is to believe about its connection.
struct PipeOptions {
  bool secure = false;
  bool can_start_tls = true;
  bool loopback = true;
  std::string peer_address = "127.0.0.1";
};

/// Both ends live on one executor. Writing never waits. Destroying an end closes it.
class PipeStream final : public Stream {
 public:
  /// The session's end and the script's end.
  [[nodiscard]] static std::pair<std::unique_ptr<PipeStream>, std::unique_ptr<PipeStream>> make_pair(
      const asio::any_io_executor& executor, Clock& clock, const PipeOptions& session_options = {});
  ~PipeStream() override;

  [[nodiscard]] Task<std::size_t> read_some(char* out, std::size_t size) override;
  [[nodiscard]] Task<void> write(BytesView bytes) override;
  void expires_at(TimePoint when) override { deadline_ = when; }
  /// Only marks this end as secure: bytes are not changed.
  [[nodiscard]] Task<void> start_tls() override;
  [[nodiscard]] bool can_start_tls() const override { return options_.can_start_tls && !options_.secure; }
  [[nodiscard]] bool is_secure() const override { return options_.secure; }
  [[nodiscard]] std::string peer_address() const override { return options_.peer_address; }
  [[nodiscard]] bool peer_is_loopback() const override { return options_.loopback; }
  [[nodiscard]] std::string tls_version() const override { return options_.secure ? "TLSv1.3" : ""; }
  [[nodiscard]] std::string tls_cipher() const override {
    return options_.secure ? "TLS_AES_256_GCM_SHA384" : "";
  }
  void close() override;

  /// Ends only the direction towards the peer: its reads give 0 once they have taken what was written.
  void finish_sending();
  /// The read or write number `step` (from 1) on this end throws connection_reset, and closes the stream.
  void break_at_step(std::size_t step) { break_at_ = step; }
  /// Reads and writes begun on this end so far.
  [[nodiscard]] std::size_t steps() const { return steps_; }
  /// Reads give at most so many bytes at a time: 1 tests every split of the input.
  void read_at_most(std::size_t bytes) { read_max_ = bytes; }
  /// What the peer has written and this end not yet read.
  [[nodiscard]] const std::string& unread() const { return in_->bytes; }

 private:
  struct Pipe {
    explicit Pipe(const asio::any_io_executor& executor) : changed(std::make_shared<Event>(executor)) {}
    std::string bytes;
    bool finished = false;  ///< the writer will write no more
    bool broken = false;    ///< the reader is gone
    std::shared_ptr<Event> changed;
  };
  PipeStream(Clock& clock, std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out, PipeOptions options);
  void begin_step();
  Task<void> wait_for_input();

  Clock& clock_;
  std::shared_ptr<Pipe> in_;
  std::shared_ptr<Pipe> out_;
  PipeOptions options_;
  TimePoint deadline_ = TimePoint::never();
  std::size_t steps_ = 0;
  std::size_t break_at_ = 0;
  std::size_t read_max_ = SIZE_MAX;
  bool closed_ = false;
};

/// For scripts: reads until the received bytes contain `end`, and returns all up to and including it.
/// Throws when the peer closes first.
[[nodiscard]] Task<std::string> read_until(Stream& stream, std::string& buffer, std::string end);

}  // namespace gridmail::testing
