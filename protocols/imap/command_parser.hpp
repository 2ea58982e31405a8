// From one raw command to its value: RFC 3501, section 9, rule by rule.
#pragma once
#include <optional>
#include <string>

#include "node/base/result.hpp"
#include "protocols/imap/command.hpp"
#include "protocols/imap/frame_parser.hpp"

namespace gridmail::imap {

/// The tag is known even when the rest is wrong, so that BAD can name it; empty when there is none.
struct ParsedCommand {
  std::string tag;
  Result<Command> command;
};

/// Errors: invalid; the text says what was wrong, and is safe to show to the client.
[[nodiscard]] ParsedCommand parse_command(const RawCommand& raw);

/// For a command whose last line announces a literal: whether it is the message of an APPEND, and all that
/// stands in front of it. Nothing: it is another literal, or a wrong command.
[[nodiscard]] std::optional<Append> parse_append(const RawCommand& raw);

/// The tag alone, for a command that is refused unread; empty when there is none.
[[nodiscard]] std::string parse_tag(const RawCommand& raw);

}  // namespace gridmail::imap
