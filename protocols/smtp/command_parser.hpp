// SMTP and LMTP commands (RFC 5321, section 4.1.1; RFC 2033): one line in, one command or its refusal out.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>

#include "protocols/smtp/path_parser.hpp"
#include "protocols/smtp/reply.hpp"

namespace gridmail::smtp {

enum class Verb : std::uint8_t {
  ehlo,
  helo,
  lhlo,
  mail,
  rcpt,
  data,
  rset,
  noop,
  quit,
  vrfy,
  help,
  starttls,
  auth,
  unimplemented,  ///< known from an RFC, not offered: 502
  foreign,        ///< another protocol's first line
  unknown,
};

/// Views into the line.
struct Command {
  Verb verb = Verb::unknown;
  std::string_view argument;  ///< without blanks around it
};

template <class T>
using Parsed = tl::expected<T, Reply>;

/// Splits the line. Refused: NUL, CR and other control bytes, which no command may hold.
[[nodiscard]] Parsed<Command> parse_command(std::string_view line);

struct MailArguments {
  Path sender;
  std::optional<std::uint64_t> size;  ///< RFC 1870; a number over 64 bits is the largest one
};
/// "FROM:" Reverse-path [SP Mail-parameters]: SIZE, BODY, and AUTH where `auth_offered` (RFC 4954, section
/// 5).
[[nodiscard]] Parsed<MailArguments> parse_mail(std::string_view argument, bool auth_offered);

/// "TO:" Forward-path; no parameter is known (555).
[[nodiscard]] Parsed<Path> parse_rcpt(std::string_view argument);

}  // namespace gridmail::smtp
