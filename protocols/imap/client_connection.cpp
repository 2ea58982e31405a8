#include "protocols/imap/client_connection.hpp"

namespace gridmail::imap {
namespace {

/// The session says BYE at its own deadline; the stream's, which only breaks, comes later.
constexpr Duration stream_grace = std::chrono::seconds(30);

}  // namespace

ClientConnection::ClientConnection(Stream& stream, Clock& clock, const Settings& settings)
    : stream_(stream),
      clock_(clock),
      settings_(settings),
      channel_(stream, clock, settings.write_timeout),
      frame_(settings.command_bytes_max),
      patience_(settings.login_timeout) {}

void ClientConnection::untagged(std::string_view text) {
  out().append("* ").append(text).append("\r\n");
}

void ClientConnection::tagged(std::string_view tag, const Reply& reply) {
  out().append(tag.empty() ? "*" : tag).append(" ").append(name_of(reply.status)).append(" ");
  if (!reply.code.empty()) out().append("[").append(reply.code).append("] ");
  out().append(reply.text).append("\r\n");
}

Task<bool> ClientConnection::fill() {
  if (!out().empty()) co_await flush();
  deadline_ = clock_.now() + patience_;
  awaiting_ = true;
  const bool more = co_await channel_.fill(patience_ + stream_grace);
  awaiting_ = false;
  co_return more;
}

Task<std::optional<FrameParser::Event>> ClientConnection::next_event() {
  for (;;) {
    BytesView bytes = input().buffered();
    const std::size_t before = bytes.size();
    const auto event = frame_.feed(bytes);
    input().consume(before - bytes.size());
    if (event != FrameParser::Event::need_bytes) co_return event;
    const bool more = co_await fill();
    if (!more) co_return std::nullopt;
  }
}

Task<bool> ClientConnection::skip_command() {
  for (;;) {
    const auto event = co_await next_event();
    if (!event) co_return false;
    if (*event == FrameParser::Event::command || frame_.announced().synchronizing) break;
    frame_.discard_literal();
  }
  frame_.refuse_literal();
  co_return true;
}

Task<std::optional<Line>> ClientConnection::read_line() {
  for (;;) {
    if (auto line = input().take_line(settings_.command_bytes_max)) co_return line;
    const bool more = co_await fill();
    if (!more) co_return std::nullopt;
  }
}

Task<void> ClientConnection::start_tls() {
  input().discard();  // what came before the handshake may be an attacker's (RFC 3501, section 11.1)
  return channel_.start_tls();
}

Task<void> ClientConnection::send_beside_reading(std::string text) {
  sending_ = true;  // stays so when the write throws: such a stream takes nothing more
  stream_.expires_at(clock_.now() + settings_.write_timeout);
  co_await stream_.write(text);
  stream_.expires_at(deadline_ + stream_grace);  // the reader's, which the writer's had replaced
  sending_ = false;
}

}  // namespace gridmail::imap
