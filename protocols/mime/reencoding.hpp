// A message in other transfer encodings (RFC 2045, section 6): for who takes no binary, or no eight bits.
#pragma once
#include <cstdint>
#include <optional>

#include "node/base/bytes.hpp"
#include "protocols/mime/structure.hpp"

namespace gridmail::mime {

enum class Carrier : std::uint8_t {
  lines,      ///< lines of any bytes but NUL, at most 998 of them, that end in CRLF (8BITMIME)
  seven_bit,  ///< the same, of US-ASCII
};

/// Whether the message can be carried as it is.
[[nodiscard]] bool fits(BytesView message, Carrier carrier);

/// The message with those parts re-encoded that the carrier does not take, all other bytes as they are; what
/// each part means stays the same. Nothing when it cannot be made to fit: where headers, preambles or signed
/// parts (RFC 1847, section 2.1) would have to change.
[[nodiscard]] std::optional<Bytes> reencode(BytesView message, Carrier carrier);

/// Whether the header of the message or of any part holds bytes above 127 (RFC 6532).
[[nodiscard]] bool has_wide_header(BytesView message);

}  // namespace gridmail::mime
