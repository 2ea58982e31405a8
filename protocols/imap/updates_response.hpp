// What the server tells unasked: counts, EXPUNGE, changed flags (RFC 3501, sections 7.2.6, 7.3, 7.4.1).
#pragma once
#include <string>
#include <vector>

#include "protocols/imap/selected_mailbox.hpp"

namespace gridmail::imap {

/// "* FLAGS (\Answered … keyword …)" with its line end.
void append_known_flags(std::string& out, const std::vector<std::string>& keywords);

/// `with_uid`: a FETCH response that a UID command causes names the UID (section 6.4.8).
void append_updates(std::string& out, const Updates& updates, const std::vector<std::string>& keywords,
                    bool with_uid);

}  // namespace gridmail::imap
