#include "protocols/pop3/command_parser.hpp"

#include <algorithm>
#include <array>

#include "protocols/text/ascii.hpp"

namespace gridmail::pop3 {
namespace {

struct Name {
  std::string_view text;
  Keyword keyword;
};
constexpr std::array names = {
    Name{"USER", Keyword::user}, Name{"PASS", Keyword::pass}, Name{"AUTH", Keyword::auth},
    Name{"STLS", Keyword::stls}, Name{"STAT", Keyword::stat}, Name{"LIST", Keyword::list},
    Name{"UIDL", Keyword::uidl}, Name{"RETR", Keyword::retr}, Name{"TOP", Keyword::top},
    Name{"DELE", Keyword::dele}, Name{"RSET", Keyword::rset}, Name{"NOOP", Keyword::noop},
    Name{"CAPA", Keyword::capa}, Name{"QUIT", Keyword::quit},
};

}  // namespace

Command parse_command(std::string_view line) {
  const std::size_t blank = line.find(' ');
  const std::string_view word = line.substr(0, blank);
  Command command;
  if (blank != std::string_view::npos) command.argument = line.substr(blank + 1);
  const auto known = std::find_if(names.begin(), names.end(), [&](const Name& name) {
    return text::equal_ignoring_case(name.text, word);
  });
  if (known != names.end()) command.keyword = known->keyword;
  return command;
}

bool takes_no_argument(Keyword keyword) {
  switch (keyword) {
    case Keyword::stls:
    case Keyword::stat:
    case Keyword::rset:
    case Keyword::noop:
    case Keyword::capa:
    case Keyword::quit:
      return true;
    default:
      return false;
  }
}

std::optional<std::uint32_t> parse_message_number(std::string_view argument) {
  const auto number = text::parse_number(text::trim(argument));
  if (!number || *number == 0) return std::nullopt;
  return number;
}

std::optional<TopArguments> parse_top(std::string_view argument) {
  argument = text::trim(argument);
  const std::size_t blank = argument.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const auto message = parse_message_number(argument.substr(0, blank));
  const auto lines = text::parse_number(text::trim(argument.substr(blank)));
  if (!message || !lines) return std::nullopt;
  return TopArguments{*message, *lines};
}

}  // namespace gridmail::pop3
