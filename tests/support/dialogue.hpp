// One session under test over a pipe, driven step by step: send bytes, see what it answered.
#pragma once
#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "tests/support/manual_clock.hpp"
#include "tests/support/pipe_stream.hpp"

namespace gridmail::testing {

/// Starts the session at once. Time stands still but for wait(). The destructor hangs up and fails the test
/// unless the session then ends and the context runs dry.
class Dialogue {
 public:
  using Serve = std::function<Task<void>(Stream&)>;
  /// `prepare` may arrange faults on the session's end before it starts.
  Dialogue(asio::io_context& context, ManualClock& clock, const PipeOptions& options, const Serve& serve,
           const std::function<void(PipeStream&)>& prepare = {});
  ~Dialogue();
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;

  /// What the session said since the last step; at first its greeting.
  [[nodiscard]] std::string heard();
  /// Sends, lets the session do all it can, and returns what it said.
  std::string send(std::string bytes);
  /// Ends the client's direction only.
  void finish_sending();
  /// Drops the connection.
  void vanish();
  /// Lets so much time pass.
  void wait(Duration duration);

  [[nodiscard]] bool ended() const { return ended_; }
  /// Reads and writes of the session so far.
  [[nodiscard]] std::size_t steps() const { return session_->steps(); }
  [[nodiscard]] PipeStream& session_end() { return *session_; }

 private:
  void run();

  asio::io_context& context_;
  ManualClock& clock_;
  std::unique_ptr<PipeStream> session_;
  std::unique_ptr<PipeStream> client_;
  std::size_t heard_ = 0;
  bool ended_ = false;
  std::exception_ptr failure_;
};

}  // namespace gridmail::testing
