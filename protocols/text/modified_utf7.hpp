// Mailbox names of IMAP4rev1: RFC 3501, section 5.1.3.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace gridmail::text {

/// `utf8` must be well-formed, other bytes become U+FFFD, and without NUL, which no name has.
[[nodiscard]] std::string to_modified_utf7(std::string_view utf8);

/// Strict: nothing on 8-bit or control characters, bad or superfluous base64, printable ASCII that was
/// encoded, lone surrogates or adjacent shifts, so that each name has one form.
[[nodiscard]] std::optional<std::string> from_modified_utf7(std::string_view name);

}  // namespace gridmail::text
