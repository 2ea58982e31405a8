// FETCH's arguments: RFC 3501, sections 6.4.5 and 9.
#pragma once
#include "protocols/imap/command.hpp"
#include "protocols/imap/token_parser.hpp"

namespace gridmail::imap {

[[nodiscard]] Fetch parse_fetch(TokenParser& tokens);

}  // namespace gridmail::imap
