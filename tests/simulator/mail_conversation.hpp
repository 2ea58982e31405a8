// Conversation: a simulated client's end of a connection, as lines and counted bytes.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "node/runtime/stream.hpp"

namespace gridmail::sim {

/// Reads that are not answered within `patience` throw timed_out, reads after the peer's end throw eof: a
/// front that lives must do neither.
class Conversation {
 public:
  using OnSaid = std::function<void(std::string_view)>;
  Conversation(std::unique_ptr<Stream> stream, Clock& clock, Duration patience, OnSaid on_said)
      : stream_(std::move(stream)), clock_(clock), patience_(patience), on_said_(std::move(on_said)) {}

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
  OnSaid on_said_;
  std::string unread_;
};

}  // namespace gridmail::sim
