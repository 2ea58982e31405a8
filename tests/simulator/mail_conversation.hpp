// Conversation: a simulated client's end of a connection, as lines and counted bytes.
#pragma once
#include <memory>
#include <string>

#include "node/runtime/stream.hpp"

namespace gridmail::sim {

/// Reads that are not answered within `patience` throw timed_out, reads after the peer's end throw eof: a
/// front that lives must do neither.
class Conversation {
 public:
  Conversation(std::unique_ptr<Stream> stream, Clock& clock, Duration patience)
      : stream_(std::move(stream)), clock_(clock), patience_(patience) {}

  [[nodiscard]] Task<void> send(std::string text);
  /// Up to and including CRLF.
  [[nodiscard]] Task<std::string> line();
  [[nodiscard]] Task<std::string> bytes(std::size_t count);
  void close() { stream_->close(); }

 private:
  [[nodiscard]] Task<void> read_more();

  std::unique_ptr<Stream> stream_;
  Clock& clock_;
  Duration patience_;
  std::string unread_;
};

}  // namespace gridmail::sim
