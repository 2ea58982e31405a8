// From any charset to UTF-8. Mail lies about its charset; nothing here fails.
#pragma once
#include <string>
#include <string_view>

#include "node/base/bytes.hpp"

namespace gridmail::text {

/// Well-formed UTF-8 (no overlong forms, no surrogates).
[[nodiscard]] bool is_utf8(BytesView bytes);

/// Whether the name is a charset that can be decoded: SEARCH CHARSET answers [BADCHARSET] otherwise.
[[nodiscard]] bool is_known_charset(std::string_view charset);

/// The text as well-formed UTF-8. An empty or unknown charset, and US-ASCII with 8-bit bytes, are read as
/// UTF-8 where the bytes are that, else as windows-1252. What has no meaning in the charset becomes U+FFFD.
[[nodiscard]] std::string to_utf8(BytesView bytes, std::string_view charset);

/// Unlabelled bytes: UTF-8 where they are that, else windows-1252.
[[nodiscard]] std::string guess_utf8(BytesView bytes);

}  // namespace gridmail::text
