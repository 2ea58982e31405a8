// Mailboxes and paths of RFC 5321, section 4.1.2, with the UTF-8 of RFC 6531, section 3.3; and domains as
// EHLO and paths hold them.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace gridmail::smtp {

/// A reverse-path or forward-path; source routes are read and dropped (RFC 5321, appendix C).
struct Path {
  /// local-part "@" domain in its shortest spelling: quotes only where they are needed. Empty for "<>". The
  /// domain lacks only in "postmaster" (RFC 5321, section 4.1.1.3).
  std::string address;
};

struct ParsedPath {
  Path path;
  std::string_view rest;  ///< what follows the ">"
};

/// Nothing unless `text` starts with a well-formed path in angle brackets. "<>" is one; whether it may stand
/// there is the command's business.
[[nodiscard]] std::optional<ParsedPath> parse_path(std::string_view text);

/// Domain / address-literal.
[[nodiscard]] bool is_domain(std::string_view text);
[[nodiscard]] bool is_address_literal(std::string_view text);

}  // namespace gridmail::smtp
