// SEARCH's arguments: RFC 3501, sections 6.4.4 and 9.
#pragma once
#include "protocols/imap/command.hpp"
#include "protocols/imap/token_parser.hpp"

namespace gridmail::imap {

[[nodiscard]] Search parse_search(TokenParser& tokens);

}  // namespace gridmail::imap
