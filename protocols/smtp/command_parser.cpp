#include "protocols/smtp/command_parser.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "protocols/text/ascii.hpp"

namespace gridmail::smtp {
namespace {

struct Name {
  std::string_view text;
  Verb verb;
};
constexpr std::array names = {
    Name{"MAIL", Verb::mail},          Name{"RCPT", Verb::rcpt},          Name{"DATA", Verb::data},
    Name{"EHLO", Verb::ehlo},          Name{"HELO", Verb::helo},          Name{"LHLO", Verb::lhlo},
    Name{"QUIT", Verb::quit},          Name{"RSET", Verb::rset},          Name{"NOOP", Verb::noop},
    Name{"STARTTLS", Verb::starttls},  Name{"AUTH", Verb::auth},          Name{"VRFY", Verb::vrfy},
    Name{"HELP", Verb::help},          Name{"EXPN", Verb::unimplemented}, Name{"BDAT", Verb::unimplemented},
    Name{"ETRN", Verb::unimplemented}, Name{"TURN", Verb::unimplemented}, Name{"SEND", Verb::unimplemented},
    Name{"SOML", Verb::unimplemented}, Name{"SAML", Verb::unimplemented}, Name{"BURL", Verb::unimplemented},
    Name{"GET", Verb::foreign},        Name{"POST", Verb::foreign},       Name{"PUT", Verb::foreign},
    Name{"CONNECT", Verb::foreign},
};

tl::unexpected<Reply> refuse(int code, std::string_view enhanced, std::string text) {
  return tl::unexpected<Reply>(Reply{code, enhanced, std::move(text)});
}

bool is_control(char c) {
  return (c >= 0 && c < 32 && c != '\t') || c == 127;
}

/// What stands behind "FROM:" or "TO:". Blanks after the colon are no part of the grammar, but Outlook
/// Express and many scripts send one.
std::optional<std::string_view> after_keyword(std::string_view argument, std::string_view keyword) {
  if (!text::starts_with_ignoring_case(argument, keyword)) return std::nullopt;
  argument.remove_prefix(keyword.size());
  while (!argument.empty() && text::is_blank(argument.front())) argument.remove_prefix(1);
  return argument;
}

/// esmtp-param = esmtp-keyword ["=" esmtp-value]
struct Parameter {
  std::string_view keyword;
  std::string_view value;
};
bool is_well_formed(const Parameter& parameter) {
  const auto keyword_char = [](char c) { return text::is_alpha(c) || text::is_digit(c) || c == '-'; };
  const auto value_char = [](char c) { return c > 32 && c < 127 && c != '='; };
  return !parameter.keyword.empty() && parameter.keyword.front() != '-' &&
         std::all_of(parameter.keyword.begin(), parameter.keyword.end(), keyword_char) &&
         std::all_of(parameter.value.begin(), parameter.value.end(), value_char);
}

/// Cuts the first parameter off; nothing at the end.
std::optional<Parameter> take_parameter(std::string_view& rest) {
  rest = text::trim(rest);
  if (rest.empty()) return std::nullopt;
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return Parameter{word, {}};
  return Parameter{word.substr(0, equals), word.substr(equals + 1)};
}

/// size-value = 1*20DIGIT (RFC 1870, section 3)
std::optional<std::uint64_t> parse_size(std::string_view digits) {
  if (digits.empty() || digits.size() > 20 || !std::all_of(digits.begin(), digits.end(), text::is_digit)) {
    return std::nullopt;
  }
  std::uint64_t size = 0;
  const auto outcome = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (outcome.ec == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return size;
}

std::optional<Reply> apply(MailArguments& arguments, const Parameter& parameter, bool auth_offered) {
  if (!is_well_formed(parameter)) return Reply{501, "5.5.4", "malformed parameter"};
  if (text::equal_ignoring_case(parameter.keyword, "SIZE")) {
    arguments.size = parse_size(parameter.value);
    if (!arguments.size) return Reply{501, "5.5.4", "SIZE needs a number"};
    return std::nullopt;
  }
  if (text::equal_ignoring_case(parameter.keyword, "BODY")) {
    // RFC 6152: every path through the grid is eight bits wide, so the value changes nothing.
    const bool known = text::equal_ignoring_case(parameter.value, "7BIT") ||
                       text::equal_ignoring_case(parameter.value, "8BITMIME");
    if (!known) return Reply{501, "5.5.4", "BODY is 7BIT or 8BITMIME"};
    return std::nullopt;
  }
  // RFC 4954, section 5: who is not trusted to vouch for others is treated as AUTH=<>, that is, it changes
  // nothing.
  if (auth_offered && text::equal_ignoring_case(parameter.keyword, "AUTH") && !parameter.value.empty()) {
    return std::nullopt;
  }
  return Reply{555, "5.5.4", "parameter not known here"};
}

}  // namespace

Parsed<Command> parse_command(std::string_view line) {
  if (std::any_of(line.begin(), line.end(), is_control))
    return refuse(500, "5.5.2", "control characters in a command");
  // Blanks at the end are tolerated (RFC 5321, section 4.1.1).
  line = text::trim(line);
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  Command command;
  command.argument = text::trim(line.substr(word.size()));
  const auto known = std::find_if(names.begin(), names.end(), [&](const Name& name) {
    return text::equal_ignoring_case(name.text, word);
  });
  if (known != names.end()) command.verb = known->verb;
  return command;
}

Parsed<MailArguments> parse_mail(std::string_view argument, bool auth_offered) {
  const auto operand = after_keyword(argument, "FROM:");
  if (!operand) return refuse(501, "5.5.4", "syntax: MAIL FROM:<address>");
  // RFC 6531, section 3.5: SMTPUTF8 is not offered.
  if (!text::is_ascii(*operand))
    return refuse(553, "5.6.7", "address is not ASCII, and SMTPUTF8 is not offered");
  auto parsed = parse_path(*operand);
  if (!parsed) return refuse(501, "5.1.7", "malformed sender address");
  MailArguments arguments{std::move(parsed->path), std::nullopt};
  std::string_view rest = parsed->rest;
  if (!rest.empty() && !text::is_blank(rest.front()))
    return refuse(501, "5.5.4", "syntax: MAIL FROM:<address>");
  while (const auto parameter = take_parameter(rest)) {
    if (auto refusal = apply(arguments, *parameter, auth_offered))
      return tl::unexpected<Reply>(std::move(*refusal));
  }
  return arguments;
}

Parsed<Path> parse_rcpt(std::string_view argument) {
  const auto operand = after_keyword(argument, "TO:");
  if (!operand) return refuse(501, "5.5.4", "syntax: RCPT TO:<address>");
  if (!text::is_ascii(*operand))
    return refuse(553, "5.6.7", "address is not ASCII, and SMTPUTF8 is not offered");
  auto parsed = parse_path(*operand);
  if (!parsed || parsed->path.address.empty()) return refuse(501, "5.1.3", "malformed recipient address");
  std::string_view rest = parsed->rest;
  if (!rest.empty() && !text::is_blank(rest.front()))
    return refuse(501, "5.5.4", "syntax: RCPT TO:<address>");
  if (const auto parameter = take_parameter(rest)) {
    if (!is_well_formed(*parameter)) return refuse(501, "5.5.4", "malformed parameter");
    return refuse(555, "5.5.4", "parameter not known here");
  }
  return std::move(parsed->path);
}

}  // namespace gridmail::smtp
