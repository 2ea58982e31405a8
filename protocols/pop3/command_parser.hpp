// POP3 commands (RFC 1939, section 3): one line in, a keyword and its arguments out.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace gridmail::pop3 {

enum class Keyword : std::uint8_t {
  user,
  pass,
  auth,
  stls,  // AUTHORIZATION
  stat,
  list,
  uidl,
  retr,
  top,
  dele,
  rset,
  noop,  // TRANSACTION
  capa,
  quit,  // any state
  unknown,
};

/// Views into the line.
struct Command {
  Keyword keyword = Keyword::unknown;
  std::string_view argument;  ///< as it stands behind the first blank: passwords may hold and end in blanks
};
[[nodiscard]] Command parse_command(std::string_view line);

/// Whether nothing but blanks may stand behind the keyword.
[[nodiscard]] bool takes_no_argument(Keyword keyword);

/// A message number: 1 or more.
[[nodiscard]] std::optional<std::uint32_t> parse_message_number(std::string_view argument);

/// "TOP msg n"
struct TopArguments {
  std::uint32_t message = 0;
  std::uint32_t lines = 0;
};
[[nodiscard]] std::optional<TopArguments> parse_top(std::string_view argument);

}  // namespace gridmail::pop3
