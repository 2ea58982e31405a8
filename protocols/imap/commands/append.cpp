#include <fmt/format.h>

#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/crlf_converter.hpp"
#include "protocols/imap/mailbox_name.hpp"
#include "protocols/line/message_line.hpp"

namespace gridmail::imap {
namespace {

constexpr std::size_t input_capacity = 64 * 1024;

/// A message on its way from the client into a spool.
struct Upload {
  std::unique_ptr<ports::Spool> spool;
  CrlfConverter converter;
  Result<void> stored;  ///< the first error; the rest of the literal is read and dropped
};

/// False: the client has gone in the middle, and nothing of it is kept.
Task<bool> receive(CommandContext& context, std::uint64_t size, Upload& upload) {
  ClientConnection& connection = context.connection;
  connection.input().reserve(input_capacity);
  std::string lines;
  while (size > 0) {
    if (connection.input().buffered().empty()) {
      const bool more = co_await connection.fill();
      if (!more) co_return false;
    }
    BytesView piece = connection.input().buffered();
    piece = piece.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(size, piece.size())));
    size -= piece.size();
    lines.clear();
    upload.converter.convert(piece, lines);
    connection.input().consume(piece.size());
    if (upload.stored) upload.stored = upload.spool->append(lines);
  }
  connection.input().release();
  co_return true;
}

/// Section 4.3 and RFC 7888, section 4: a message that will not be taken is refused before it is sent, or,
/// when it is on its way already, skipped if it is not absurdly large. Nothing: the client has gone, or is
/// sent away.
Task<std::optional<Reply>> refuse(CommandContext& context, Reply reply) {
  ClientConnection& connection = context.connection;
  const LiteralAnnouncement announced = connection.frame().announced();
  if (announced.synchronizing) {
    connection.frame().refuse_literal();
    co_return reply;
  }
  if (announced.size > 2 * context.settings.message_bytes_max) {
    connection.untagged("BYE Literal too large");
    context.state.log_out();
    co_return std::nullopt;
  }
  connection.frame().discard_literal();
  const bool skipped = co_await connection.skip_command();
  if (!skipped) co_return std::nullopt;
  co_return reply;
}

/// What stands behind the literal: nothing but the end of the line. Nothing: the client has gone.
Task<std::optional<bool>> ends_there(ClientConnection& connection) {
  const std::size_t before = connection.frame().raw().line.size();
  const auto event = co_await connection.next_event();
  if (!event) co_return std::nullopt;
  const bool ended = *event == FrameParser::Event::command && connection.frame().raw().line.size() == before;
  if (*event == FrameParser::Event::literal) {
    if (!connection.frame().announced().synchronizing) {
      connection.frame().discard_literal();
      const bool skipped = co_await connection.skip_command();
      if (!skipped) co_return std::nullopt;
    }
    connection.frame().refuse_literal();
    co_return false;
  }
  static_cast<void>(connection.frame().take());
  co_return ended;
}

Task<Reply> store(CommandContext& context, Append append, std::string name, Upload upload) {
  const bool is_too_large = !upload.stored && upload.stored.error().code == Errc::too_large;
  if (is_too_large) co_return no("Message is too large", "TOOBIG");
  if (!upload.stored) co_return reply_for(upload.stored.error());
  if (upload.converter.saw_nul()) co_return no("Message holds a NUL byte", "CANNOT");
  if (upload.converter.longest_line() > message_line_bytes_max) {
    co_return no("Message has a line of more than 1 MiB", "LIMIT");
  }
  const text::DateTime now{context.services.clock.wall() / 1'000'000, 0};
  const text::DateTime date = append.date.value_or(now);
  const auto appended = co_await context.mailboxes().append(
      context.state.user(), std::move(name), std::move(append.flags), date.utc_seconds * 1'000'000,
      date.zone_minutes, std::move(upload.spool));
  if (!appended) co_return reply_for(appended.error());
  if (!context.settings.extensions.uidplus) co_return ok("Appended");
  co_return ok("Appended", fmt::format("APPENDUID {} {}", appended->uid_validity, appended->uid));
}

}  // namespace

Task<std::optional<Reply>> run_append(CommandContext& context, Append append) {
  ClientConnection& connection = context.connection;
  const LiteralAnnouncement announced = connection.frame().announced();
  if (!context.state.is_logged_in()) co_return co_await refuse(context, bad("Log in first"));
  auto name = decode_mailbox(append.mailbox);
  if (!name) co_return co_await refuse(context, no(name.error().text, "CANNOT"));
  if (announced.size > context.settings.message_bytes_max) {
    co_return co_await refuse(context, no("Message is too large", "TOOBIG"));
  }
  if (announced.synchronizing) connection.out().append("+ Ready for the message\r\n");
  Upload upload{context.mailboxes().begin_message(), {}, {}};
  connection.frame().leave_literal();
  const bool received = co_await receive(context, announced.size, upload);
  if (!received) co_return std::nullopt;
  const auto ended = co_await ends_there(connection);
  if (!ended) co_return std::nullopt;
  if (!*ended) co_return bad("Unexpected text after the message");
  if (announced.size == 0) co_return no("Message is empty", "CANNOT");
  co_return co_await store(context, std::move(append), std::move(*name), std::move(upload));
}

}  // namespace gridmail::imap
