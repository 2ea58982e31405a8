// What a line of a header is, by its first characters: shared by the parser and the reader of fields.
#pragma once
#include <cstdint>

#include "node/base/bytes.hpp"

namespace gridmail::mime {

enum class HeaderLine : std::uint8_t {
  empty,         ///< ends the header
  continuation,  ///< begins with a blank
  field,         ///< name ":" …
  envelope,      ///< mbox's "From …": no field, but belongs to the header
  foreign,       ///< belongs to the body already: the empty line was forgotten
};

/// `line` begins at a line's start; it may go on beyond the line.
[[nodiscard]] HeaderLine classify_header_line(BytesView line);

/// Octets before the colon (RFC 5322, section 2.2: printable ASCII; blanks before the colon as section 4.5
/// allows), or npos when the line is no field.
[[nodiscard]] std::size_t find_colon(BytesView line);

/// Octets of the first line, with its LF.
[[nodiscard]] std::size_t line_length(BytesView text);

}  // namespace gridmail::mime
