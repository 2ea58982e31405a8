// STAT, LIST, UIDL, RETR, TOP and DELE of a POP3 session.
#include <fmt/format.h>

#include <algorithm>
#include <asio/error.hpp>
#include <asio/system_error.hpp>

#include "protocols/line/dot_stuffer.hpp"
#include "protocols/pop3/reply_mapping.hpp"
#include "protocols/pop3/session.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::pop3 {
namespace {
/// Storage keeps messages in chunks of this size (design, section 7).
constexpr std::uint64_t read_bytes_max = 256 * 1024;
constexpr std::string_view no_such_message = "no such message";
}  // namespace

void Session::stat() {
  ok(fmt::format("{} {}", maildrop_.count(), maildrop_.bytes()));
}

Task<void> Session::list(std::string_view argument, Listing listing) {
  argument = text::trim(argument);
  if (!argument.empty()) {
    const auto number = parse_message_number(argument);
    const auto* message = number ? maildrop_.find(*number) : nullptr;
    if (message == nullptr) {
      refuse(no_such_message);
    } else {
      ok(fmt::format("{} {}", *number, listed(*message, listing)));
    }
    co_return;
  }
  ok(fmt::format("{} messages ({} octets)", maildrop_.count(), maildrop_.bytes()));
  std::size_t number = 0;
  for (const auto& message : maildrop_.messages()) {
    ++number;
    if (message.deleted) continue;
    fmt::format_to(std::back_inserter(channel_.output()), "{} {}\r\n", number, listed(message, listing));
    co_await channel_.flush_if_large();
  }
  channel_.output() += ".\r\n";
}

std::string Session::listed(const MaildropState::Message& message, Listing listing) const {
  return listing == Listing::sizes ? std::to_string(message.size) : maildrop_.unique_id(message);
}

Task<void> Session::retr(std::string_view argument) {
  const auto number = parse_message_number(argument);
  const auto* message = number ? maildrop_.find(*number) : nullptr;
  if (message == nullptr) {
    refuse(no_such_message);
    co_return;
  }
  const std::string heading = fmt::format("{} octets", message->size);
  co_await send(*message, heading, std::nullopt);
}

Task<void> Session::top(std::string_view argument) {
  const auto arguments = parse_top(argument);
  if (!arguments) {
    refuse("syntax: TOP message lines");
    co_return;
  }
  const auto* message = maildrop_.find(arguments->message);
  if (message == nullptr) {
    refuse(no_such_message);
    co_return;
  }
  std::optional<TopFilter> filter(arguments->lines);
  co_await send(*message, "top of message follows", filter);
}

/// Streams the message by its e-mail id, which answers also when IMAP expunged it meanwhile. +OK is said only
/// when the first part is at hand; when a later part fails, the connection ends, so that no client takes the
/// rest for a whole.
Task<void> Session::send(MaildropState::Message message, std::string_view heading,
                         std::optional<TopFilter> filter) {
  DotStuffer stuffer;
  for (std::uint64_t offset = 0; offset == 0 || offset < message.size;) {
    const auto part = co_await read(message, offset);
    if (!part && offset == 0) {
      channel_.output() += failure_reply(part.error(), "cannot read the message");
      co_return;
    }
    if (!part || (part->empty() && message.size > 0)) {
      throw asio::system_error(asio::error::connection_aborted, "message cannot be read to its end");
    }
    if (offset == 0) ok(heading);
    stuffer.append(channel_.output(), filter ? filter->take(*part) : BytesView(*part));
    if (part->empty() || (filter && filter->done())) break;
    offset += part->size();
    co_await channel_.flush_if_large();
  }
  stuffer.finish(channel_.output());
}

Task<Result<Bytes>> Session::read(const MaildropState::Message& message, std::uint64_t offset) {
  const std::uint64_t length = std::min(read_bytes_max, message.size - offset);
  if (length == 0) co_return Bytes();
  std::vector<MessageRange> ranges(1);
  ranges.front() = {message.email, offset, length};
  auto pieces = co_await services_.mailboxes.read(account_->id, std::move(ranges));
  if (!pieces) co_return tl::unexpected(pieces.error());
  if (pieces->empty()) co_return Bytes();
  co_return std::move(pieces->front());
}

void Session::dele(std::string_view argument) {
  const auto number = parse_message_number(argument);
  if (!number || !maildrop_.mark_deleted(*number)) return refuse(no_such_message);
  ok(fmt::format("message {} will be deleted at QUIT", *number));
}

}  // namespace gridmail::pop3
