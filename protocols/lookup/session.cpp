#include "protocols/lookup/session.hpp"

#include <asio/error.hpp>
#include <asio/system_error.hpp>

#include "node/base/log.hpp"
#include "protocols/line/line_channel.hpp"
#include "protocols/lookup/wire.hpp"

namespace gridmail::lookup {
namespace {

constexpr Duration idle_timeout = std::chrono::hours(1);  // Postfix keeps its connections
constexpr Duration request_timeout = std::chrono::seconds(30);
constexpr std::size_t line_bytes_max = 4096;  // tcp_table(5)

Task<void> serve_socketmap(LineChannel& channel, ports::Directory& directory) {
  for (;;) {
    const auto netstring = parse_netstring(channel.input().buffered(), netstring_bytes_max);
    if (!netstring) co_return;  // nothing after it can be understood
    if (!*netstring) {
      const bool is_idle = channel.input().buffered().empty();
      const bool more = co_await channel.fill(is_idle ? idle_timeout : request_timeout);
      if (!more) co_return;
      continue;
    }
    Answer answer{Answer::Kind::permanent, "a request is MAP KEY"};
    if (const auto question = parse_socketmap_request((*netstring)->content)) {
      answer = co_await look_up(directory, question->map, std::string(question->key));
    }
    append_netstring(channel.output(), socketmap_reply(answer));
    channel.input().consume((*netstring)->bytes);
    if (channel.input().buffered().empty()) channel.input().release();
    co_await channel.flush_if_large();
  }
}

Task<void> serve_tcp_table(LineChannel& channel, ports::Directory& directory) {
  for (;;) {
    const auto line = co_await channel.read_line(line_bytes_max, idle_timeout);
    if (!line) co_return;
    Answer answer{Answer::Kind::permanent, "line too long"};
    if (line->flaw != Line::Flaw::too_long) {
      auto key = parse_tcp_table_request(line->text);
      if (key) {
        answer = co_await look_up(directory, std::move(*key));
      } else {
        answer.text = key.error().text;
      }
    }
    channel.output() += tcp_table_reply(answer);
    co_await channel.flush_if_large();
  }
}

}  // namespace

Task<void> serve(Stream& stream, Services services, Protocol protocol) {
  LineChannel channel(stream, services.clock, request_timeout);
  try {
    if (protocol == Protocol::socketmap) {
      co_await serve_socketmap(channel, services.directory);
    } else {
      co_await serve_tcp_table(channel, services.directory);
    }
    co_await channel.flush();
  } catch (const asio::system_error& error) {
    stream.close();
    if (error.code() == asio::error::operation_aborted) throw;
    log(Level::debug, "lookup.connection_lost",
        {{"connection", stream.connection()}, {"peer", stream.peer_address()}, {"error", error.what()}});
  }
  stream.close();
}

}  // namespace gridmail::lookup
