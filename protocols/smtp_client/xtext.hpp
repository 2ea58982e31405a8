// How parameters and notifications write what they may not hold as it is (RFC 3461, section 4; RFC 6533).
#pragma once
#include <string>
#include <string_view>

namespace gridmail::smtp {

/// xtext of RFC 3461, section 4, as text; a byte that is not printable ASCII becomes '?'.
[[nodiscard]] std::string decode_xtext(std::string_view xtext);

/// UTF-8 as utf-8-addr-xtext (RFC 6533, section 3): ASCII, with \x{HEX} for all other characters.
[[nodiscard]] std::string encode_utf8_address(std::string_view utf8);

}  // namespace gridmail::smtp
