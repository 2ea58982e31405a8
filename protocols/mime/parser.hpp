// From a message's bytes to its Structure (RFC 5322, RFC 2045, RFC 2046, RFC 2183, RFC 2231).
//
// Any bytes parse to something. One pass, in time linear in the size of the message; memory by the number of
// parts. Lines end with LF, with or without CR before it. Where a message breaks the rules:
// - a line that can be neither field nor continuation ends a header; it belongs to the body;
// - a part ends where a delimiter of any enclosing multipart stands, or with the message;
// - a delimiter line is "--", the boundary, optionally "--", and blanks, and nothing else: so a boundary that
// is the
//   beginning of another one is not taken for it; of equal boundaries the outer one counts;
// - a multipart without a delimiter holds one text/plain part: its body, without header;
// - an embedded message is read as it stands, whatever its transfer encoding (RFC 2046, section 5.2.1, allows
// none);
// - a Content-Type that cannot be read means text/plain (RFC 2045, section 5.2).
#pragma once
#include "node/base/bytes.hpp"
#include "protocols/mime/structure.hpp"

namespace gridmail::mime {

/// What goes over a limit stays within the ranges of its parent, so that its bytes can be fetched.
struct Limits {
  std::uint32_t depth_max = 200;     ///< a deeper multipart or message is a leaf application/octet-stream
  std::uint32_t parts_max = 10'000;  ///< likewise, once there are so many
  std::size_t text_bytes_max = 384 * 1024;   ///< of all strings of one structure; later ones are left out
  std::size_t field_bytes_max = 128 * 1024;  ///< of one header field; the rest of it is not looked at
};

/// `message` must outlive the call only.
[[nodiscard]] Structure parse(BytesView message, const Limits& limits = {});

}  // namespace gridmail::mime
