// From what a program writes into sendmail to what is sent: line ends, recipients in the header. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node/base/bytes.hpp"

namespace gridmail::sendmail {

/// Lines in CRLF; unless `dot_is_text` a line with only a dot ends it. A last line without its end gets one.
[[nodiscard]] Bytes with_line_ends(BytesView text, bool dot_is_text);

/// The addresses of all To, Cc and Bcc fields, in their order; of Resent- ones instead where there are any
/// (RFC 5322, section 3.6.6). Those without a domain have none.
[[nodiscard]] std::vector<std::string> recipients_in(BytesView message);

/// Without Bcc and Resent-Bcc fields (RFC 5322, section 3.6.3).
[[nodiscard]] Bytes without_blind_copies(BytesView message);

/// Puts From in front where there is none.
[[nodiscard]] Bytes with_author(Bytes message, const std::string& full_name, const std::string& address);

}  // namespace gridmail::sendmail
