#include "protocols/smtp/command_parser.hpp"

#include <algorithm>
#include <array>

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
    Name{"HELP", Verb::help},          Name{"EXPN", Verb::unimplemented}, Name{"BDAT", Verb::bdat},
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

/// What stands behind the ">": parameters, or nothing.
bool are_apart(std::string_view rest) {
  return rest.empty() || text::is_blank(rest.front());
}

/// RFC 6152 and RFC 3030: every path through the grid is eight bits wide, so only the last one matters.
std::optional<Reply> apply_body(MailArguments& arguments, std::string_view value) {
  arguments.binary = text::equal_ignoring_case(value, "BINARYMIME");
  const bool known = arguments.binary || text::equal_ignoring_case(value, "7BIT") ||
                     text::equal_ignoring_case(value, "8BITMIME");
  if (!known) return Reply{501, "5.5.4", "BODY is 7BIT, 8BITMIME or BINARYMIME"};
  return std::nullopt;
}

std::optional<Reply> apply(MailArguments& arguments, const Parameter& parameter, bool auth_offered) {
  if (!parameter.is_well_formed()) return Reply{501, "5.5.4", "malformed parameter"};
  if (parameter.is("SIZE")) {
    arguments.size = parse_size(parameter.value);
    if (!arguments.size) return Reply{501, "5.5.4", "SIZE needs a number"};
    return std::nullopt;
  }
  if (parameter.is("BODY")) return apply_body(arguments, parameter.value);
  if (parameter.is("SMTPUTF8")) {
    if (!parameter.value.empty()) return Reply{501, "5.5.4", "SMTPUTF8 has no value"};
    arguments.utf8 = true;
    return std::nullopt;
  }
  if (parameter.is("REQUIRETLS")) {
    if (!parameter.value.empty()) return Reply{501, "5.5.4", "REQUIRETLS has no value"};
    arguments.require_tls = true;
    return std::nullopt;
  }
  if (parameter.is("RET")) {
    const auto returned = parse_returned(parameter.value);
    if (!returned || arguments.returned != ports::Returned::unsaid)
      return Reply{501, "5.5.4", "RET is FULL or HDRS, once"};
    arguments.returned = *returned;
    return std::nullopt;
  }
  if (parameter.is("ENVID")) {
    if (!is_envelope_id(parameter.value) || !arguments.envelope_id.empty())
      return Reply{501, "5.5.4", "ENVID is xtext of at most 100 characters, once"};
    arguments.envelope_id = parameter.value;
    return std::nullopt;
  }
  // RFC 4954, section 5: who is not trusted to vouch for others is treated as AUTH=<>, that is, it changes
  // nothing.
  if (auth_offered && parameter.is("AUTH") && !parameter.value.empty()) return std::nullopt;
  return Reply{555, "5.5.4", "parameter not known here"};
}

std::optional<Reply> apply(RcptArguments& arguments, const Parameter& parameter) {
  if (!parameter.is_well_formed()) return Reply{501, "5.5.4", "malformed parameter"};
  if (parameter.is("NOTIFY")) {
    const auto notify = parse_notify(parameter.value);
    if (!notify || arguments.notify != 0)
      return Reply{501, "5.5.4", "NOTIFY is NEVER, or of SUCCESS, FAILURE and DELAY, once"};
    arguments.notify = *notify;
    return std::nullopt;
  }
  if (parameter.is("ORCPT")) {
    if (!is_original_recipient(parameter.value) || !arguments.original.empty())
      return Reply{501, "5.5.4", "ORCPT is a type, a semicolon and an address in xtext, once"};
    arguments.original = parameter.value;
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
  auto parsed = parse_path(*operand);
  if (!parsed) return refuse(501, "5.1.7", "malformed sender address");
  MailArguments arguments;
  arguments.sender = std::move(parsed->path);
  std::string_view rest = parsed->rest;
  if (!are_apart(rest)) return refuse(501, "5.5.4", "syntax: MAIL FROM:<address>");
  while (const auto parameter = take_parameter(rest)) {
    if (auto refusal = apply(arguments, *parameter, auth_offered))
      return tl::unexpected<Reply>(std::move(*refusal));
  }
  // RFC 6531, section 3.5
  if (!arguments.utf8 && !text::is_ascii(*operand))
    return refuse(553, "5.6.7", "an address that is not ASCII needs SMTPUTF8");
  return arguments;
}

Parsed<RcptArguments> parse_rcpt(std::string_view argument, bool utf8) {
  const auto operand = after_keyword(argument, "TO:");
  if (!operand) return refuse(501, "5.5.4", "syntax: RCPT TO:<address>");
  if (!utf8 && !text::is_ascii(*operand))
    return refuse(553, "5.6.7", "an address that is not ASCII needs SMTPUTF8 in MAIL");
  auto parsed = parse_path(*operand);
  if (!parsed || parsed->path.address.empty()) return refuse(501, "5.1.3", "malformed recipient address");
  RcptArguments arguments;
  arguments.recipient = std::move(parsed->path);
  std::string_view rest = parsed->rest;
  if (!are_apart(rest)) return refuse(501, "5.5.4", "syntax: RCPT TO:<address>");
  while (const auto parameter = take_parameter(rest)) {
    if (auto refusal = apply(arguments, *parameter)) return tl::unexpected<Reply>(std::move(*refusal));
  }
  return arguments;
}

Parsed<Chunk> parse_bdat(std::string_view argument) {
  const auto digits = argument.substr(0, argument.find_first_of(" \t"));
  const auto rest = text::trim(argument.substr(digits.size()));
  const auto size = parse_size(digits);
  const bool last = text::equal_ignoring_case(rest, "LAST");
  if (!size || (!last && !rest.empty())) return refuse(501, "5.5.4", "syntax: BDAT size [LAST]");
  return Chunk{*size, last};
}

}  // namespace gridmail::smtp
