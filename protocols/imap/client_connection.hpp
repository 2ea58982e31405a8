// ClientConnection: commands in, responses out, over one Stream. Owned by the session, on its strand.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/runtime/stream.hpp"
#include "protocols/imap/frame_parser.hpp"
#include "protocols/imap/imap_reply_mapping.hpp"
#include "protocols/imap/settings.hpp"
#include "protocols/line/line_channel.hpp"

namespace gridmail::imap {

/// Broken and expired streams throw, as Stream says. Responses are gathered in out() and sent at the latest
/// when more input is awaited. Holds some 2 KiB while it waits for a client.
class ClientConnection {
 public:
  ClientConnection(Stream& stream, Clock& clock, const Settings& settings);

  [[nodiscard]] Stream& stream() { return stream_; }
  [[nodiscard]] LineBuffer& input() { return channel_.input(); }
  [[nodiscard]] std::string& out() { return channel_.output(); }
  [[nodiscard]] Task<void> flush() { return channel_.flush(); }
  [[nodiscard]] Task<void> flush_if_large() { return channel_.flush_if_large(); }
  [[nodiscard]] FrameParser& frame() { return frame_; }

  /// "* text"
  void untagged(std::string_view text);
  /// "tag OK [code] text"; without a tag "* BAD …".
  void tagged(std::string_view tag, const Reply& reply);

  /// The next event of the frame parser. Nothing: the client has gone.
  [[nodiscard]] Task<std::optional<FrameParser::Event>> next_event();
  /// Reads the rest of a command whose literal was refused, and forgets it. False: the client has gone.
  [[nodiscard]] Task<bool> skip_command();
  /// A line by itself: DONE, an answer to a SASL challenge. Nothing: the client has gone.
  [[nodiscard]] Task<std::optional<Line>> read_line();
  /// Reads once more into input(). False: the client has gone.
  [[nodiscard]] Task<bool> fill();
  [[nodiscard]] Task<void> start_tls();

  /// Sends beside a fill() that is under way: for IDLE, and for the last BYE. One at a time; out() must be
  /// empty.
  [[nodiscard]] Task<void> send_beside_reading(std::string text);

  /// How long the client may say nothing.
  void set_patience(Duration patience) { patience_ = patience; }
  /// When it has said nothing for too long; never while it is not awaited.
  [[nodiscard]] TimePoint deadline() const { return awaiting_ ? deadline_ : TimePoint::never(); }
  [[nodiscard]] bool awaits_client() const { return awaiting_ && !sending_; }

 private:
  Stream& stream_;
  Clock& clock_;
  const Settings& settings_;
  LineChannel channel_;
  FrameParser frame_;
  Duration patience_;
  TimePoint deadline_;
  bool awaiting_ = false;
  bool sending_ = false;
};

}  // namespace gridmail::imap
