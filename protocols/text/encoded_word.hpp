// RFC 2047: non-ASCII text in header fields.
#pragma once
#include <string>

#include "node/base/bytes.hpp"

namespace gridmail::text {

/// A header field's text as UTF-8: encoded-words decoded, blanks between two of them dropped (section 6.2),
/// characters split over adjacent words of one charset put together, raw 8-bit text guessed. What is not a
/// valid encoded-word stays as it is. `value` is unfolded or not; CR and LF are dropped.
[[nodiscard]] std::string decode_header_text(BytesView value);

}  // namespace gridmail::text
