// SMTP and LMTP commands (RFC 5321, section 4.1.1; RFC 2033): one line in, one command or its refusal out.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>

#include "protocols/smtp/parameter_parser.hpp"
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
  bdat,
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
  bool binary = false;                ///< BODY=BINARYMIME (RFC 3030)
  bool utf8 = false;                  ///< SMTPUTF8 (RFC 6531)
  bool require_tls = false;           ///< REQUIRETLS (RFC 8689)
  ports::Returned returned = ports::Returned::unsaid;
  std::string envelope_id;  ///< ENVID; may be empty
};
/// "FROM:" Reverse-path [SP Mail-parameters]: SIZE, BODY, SMTPUTF8, REQUIRETLS, RET, ENVID, and AUTH where
/// `auth_offered` (RFC 4954, section 5).
[[nodiscard]] Parsed<MailArguments> parse_mail(std::string_view argument, bool auth_offered);

struct RcptArguments {
  Path recipient;
  std::uint8_t notify = 0;  ///< a set of ports::Notify
  std::string original;     ///< ORCPT; may be empty
};
/// "TO:" Forward-path [SP Rcpt-parameters]: NOTIFY, ORCPT. What is not ASCII is refused unless the
/// transaction is `utf8`.
[[nodiscard]] Parsed<RcptArguments> parse_rcpt(std::string_view argument, bool utf8);

struct Chunk {
  std::uint64_t size = 0;
  bool last = false;
};
/// chunk-size [SP "LAST"] (RFC 3030, section 2).
[[nodiscard]] Parsed<Chunk> parse_bdat(std::string_view argument);

}  // namespace gridmail::smtp
