// Content-Transfer-Encodings of RFC 2045, section 6: read as found in real mail, nothing fails; and written.
#pragma once
#include <string_view>

#include "node/base/bytes.hpp"

namespace gridmail::text {

/// Section 6.8. Foreign characters are skipped; data after padding goes on as a new block; a last incomplete
/// block gives the octets it holds.
[[nodiscard]] Bytes decode_base64(BytesView text);

/// Section 6.7. Wrong escapes stay as they are; blanks at line ends are dropped; line ends stay as they came.
[[nodiscard]] Bytes decode_quoted_printable(BytesView text);

/// By the encoding's name in any case; 7bit, 8bit, binary, empty and unknown names give the bytes as they
/// are.
[[nodiscard]] Bytes decode_transfer(BytesView body, std::string_view encoding);

/// Section 6.8: lines of 76 characters with CRLF between them, none at the end.
[[nodiscard]] Bytes encode_base64_lines(BytesView bytes);

/// Section 6.7: lines of at most 76 characters. CRLF stays a line end; a bare CR or LF is encoded.
[[nodiscard]] Bytes encode_quoted_printable(BytesView text);

}  // namespace gridmail::text
