#include "node/sendmail/submission_dialogue.hpp"

#include <fmt/format.h>

#include <charconv>

#include "protocols/text/ascii.hpp"

namespace gridmail::sendmail {
namespace {

struct Reply {
  int code = 0;  ///< 0: the connection broke
  std::string text;
  std::string hostname;  ///< the first word of the greeting
};

constexpr std::size_t lines_of_reply_max = 100;

Reply read_reply(Connection& connection) {
  Reply reply;
  std::string line;
  for (std::size_t lines = 0; lines < lines_of_reply_max; ++lines) {
    if (!connection.read_line(line) || line.size() < 3) return {};
    const auto parsed = std::from_chars(line.data(), line.data() + 3, reply.code);
    if (parsed.ec != std::errc{} || parsed.ptr != line.data() + 3) return {};
    const bool more = line.size() > 3 && line[3] == '-';
    if (line.size() > 4) reply.text = line.substr(4);
    if (!more) return reply;
  }
  return {};
}

Reply ask(Connection& connection, const std::string& command) {
  if (!connection.write(command + "\r\n")) return {};
  return read_reply(connection);
}

Ended failed(const Reply& reply, const std::string& what, int otherwise) {
  if (reply.code == 0) return {temporary_failure, what + ": the connection broke"};
  Ended ended{otherwise, what + ": " + std::to_string(reply.code) + " " + reply.text};
  if (reply.code < 500) ended.exit_code = temporary_failure;
  if (reply.code >= 500 && reply.text.starts_with("5.7.")) ended.exit_code = no_permission;
  return ended;
}

/// What would end a path or a command is part of no address.
bool is_sendable(const std::string& address) {
  for (const char c : address) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127 || c == '<' || c == '>') return false;
  }
  return address.size() < 1000;
}

/// RFC 5321, section 4.5.2.
Bytes stuffed(BytesView text) {
  Bytes bytes;
  bytes.reserve(text.size() + text.size() / 64 + 8);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
    if (text[at] == '.') bytes.push_back('.');
    bytes += text.substr(at, end - at);
    at = end;
  }
  return bytes + ".\r\n";
}

Ended send_letter(Connection& connection, const Letter& letter) {
  for (const auto& address : letter.recipients) {
    if (!is_sendable(address)) return {data_error, "not an address: " + address};
  }
  if (!is_sendable(letter.sender)) return {usage, "not an address: " + letter.sender};
  std::string mail = "MAIL FROM:<" + letter.sender + "> BODY=8BITMIME";
  bool utf8 = !text::is_ascii(letter.sender);
  for (const auto& address : letter.recipients) utf8 = utf8 || !text::is_ascii(address);
  if (utf8) mail += " SMTPUTF8";
  if (!letter.returned.empty()) mail += " RET=" + letter.returned;
  if (!letter.envelope_id.empty()) mail += " ENVID=" + letter.envelope_id;
  auto reply = ask(connection, mail);
  if (reply.code != 250) return failed(reply, "sender <" + letter.sender + ">", unavailable);
  const std::string notify = letter.notify.empty() ? "" : " NOTIFY=" + letter.notify;
  for (const auto& address : letter.recipients) {
    reply = ask(connection, fmt::format("RCPT TO:<{}>{}", address, notify));
    if (reply.code != 250) return failed(reply, "<" + address + ">", no_user);
  }
  reply = ask(connection, "DATA");
  if (reply.code != 354) return failed(reply, "message", unavailable);
  if (!connection.write(stuffed(letter.text))) return failed({}, "message", io_error);
  reply = read_reply(connection);
  if (reply.code != 250) return failed(reply, "message", data_error);
  return {};
}

}  // namespace

Ended send(Connection& connection, const MakeLetter& make) {
  auto reply = read_reply(connection);
  if (reply.code != 220) return failed(reply, "this machine's node", unavailable);
  const std::string hostname = reply.text.substr(0, reply.text.find(' '));
  reply = ask(connection, "EHLO " + hostname);
  if (reply.code != 250) return failed(reply, "this machine's node", unavailable);
  auto ended = send_letter(connection, make(hostname));
  if (connection.write("QUIT\r\n")) (void)read_reply(connection);
  return ended;
}

}  // namespace gridmail::sendmail
