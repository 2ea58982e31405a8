#include "protocols/smtp_client/extensions.hpp"

#include <charconv>

#include "protocols/text/ascii.hpp"

namespace gridmail::smtp {
namespace {

/// The next word of `line`, which loses it.
std::string_view take_word(std::string_view& line) {
  const auto begin = std::min(line.find_first_not_of(' '), line.size());
  line.remove_prefix(begin);
  const auto end = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

void take_size(std::string_view rest, Extensions& extensions) {
  extensions.size = true;
  const auto word = take_word(rest);
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), bytes);
  if (error == std::errc() && end == word.data() + word.size()) extensions.size_max = bytes;
}

/// limit-name-value = limit-name ["=" limit-value] (RFC 9422, section 4)
void take_limits(std::string_view rest, Extensions& extensions) {
  for (auto word = take_word(rest); !word.empty(); word = take_word(rest)) {
    const auto equals = std::min(word.find('='), word.size());
    const auto name = word.substr(0, equals);
    const auto value = text::parse_number(word.substr(std::min(equals + 1, word.size())));
    if (!value) continue;
    if (text::equal_ignoring_case(name, "MAILMAX")) extensions.transactions_max = *value;
    if (text::equal_ignoring_case(name, "RCPTMAX")) extensions.recipients_max = *value;
  }
}

void take_auth(std::string_view rest, Extensions& extensions) {
  for (auto word = take_word(rest); !word.empty(); word = take_word(rest)) {
    if (text::equal_ignoring_case(word, "PLAIN")) extensions.auth_plain = true;
    if (text::equal_ignoring_case(word, "LOGIN")) extensions.auth_login = true;
  }
}

}  // namespace

Extensions parse_extensions(const RemoteReply& reply) {
  Extensions extensions;
  for (std::size_t i = 1; i < reply.lines.size(); ++i) {  // the first line is the server's name
    std::string_view rest = reply.lines[i];
    const auto keyword = take_word(rest);
    const auto is = [keyword](std::string_view name) { return text::equal_ignoring_case(keyword, name); };
    if (is("PIPELINING")) extensions.pipelining = true;
    if (is("8BITMIME")) extensions.eight_bit = true;
    if (is("STARTTLS")) extensions.start_tls = true;
    if (is("DSN")) extensions.dsn = true;
    if (is("SMTPUTF8")) extensions.utf8 = true;
    if (is("REQUIRETLS")) extensions.require_tls = true;
    if (is("LIMITS")) take_limits(rest, extensions);
    if (is("SIZE")) take_size(rest, extensions);
    if (is("AUTH")) take_auth(rest, extensions);
  }
  return extensions;
}

}  // namespace gridmail::smtp
