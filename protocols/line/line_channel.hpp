// LineChannel: one client's connection in a protocol of lines (SMTP, LMTP, POP3): takes lines in, gathers
// replies. Owned by a session, on its strand; ends with it. Broken and expired streams throw, as Stream says.
//
// Replies wait until more input is needed or flush() is called, so that a pipelining client gets one write
// for all that it sent together (RFC 2920, section 3.2), and none is ever held back while the client waits
// for it.
#pragma once
#include <optional>
#include <string>

#include "node/runtime/stream.hpp"
#include "protocols/line/line_buffer.hpp"

namespace gridmail {

class LineChannel {
 public:
  LineChannel(Stream& stream, Clock& clock, Duration write_timeout)
      : stream_(stream), clock_(clock), write_timeout_(write_timeout) {}

  /// The next line; the whole of it must arrive within `timeout`. Nothing: the client has finished. The text
  /// is valid until the next read.
  [[nodiscard]] Task<std::optional<Line>> read_line(std::size_t bytes_max, Duration timeout);
  /// Reads once more into input(). False: the client has finished.
  [[nodiscard]] Task<bool> fill(Duration timeout);
  [[nodiscard]] LineBuffer& input() { return input_; }
  /// Whether the client has everything that was written for it, and nothing is done but to wait for more.
  [[nodiscard]] bool awaits_client() const { return awaits_client_; }

  /// Where replies are appended.
  [[nodiscard]] std::string& output() { return output_; }
  [[nodiscard]] Task<void> flush();
  /// Sends this beside a read that is under way. What is written from here on goes nowhere.
  [[nodiscard]] Task<void> say_last(const std::string& text);
  /// Flushes once the replies have grown over some 64 KiB: for long listings.
  [[nodiscard]] Task<void> flush_if_large();

  /// Sends what is gathered, then does the handshake. The caller has seen to it that input() is empty.
  [[nodiscard]] Task<void> start_tls();

 private:
  Task<bool> fill_until(TimePoint deadline);

  Stream& stream_;
  Clock& clock_;
  Duration write_timeout_;
  LineBuffer input_;
  std::string output_;
  bool awaits_client_ = false;
  bool has_said_last_ = false;
};

}  // namespace gridmail
