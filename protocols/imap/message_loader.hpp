// Messages' structures and bytes through the port, whole or not at all.
#pragma once
#include <unordered_map>
#include <vector>

#include "protocols/mime/structure.hpp"
#include "protocols/ports/mailboxes.hpp"

namespace gridmail::imap {

using Structures = std::unordered_map<EmailId, mime::Structure>;

/// The structure of every one of the e-mails, but for those that were swept. Stored ones that are missing,
/// damaged or of an older parser are made anew from the message. Errors: those of the port.
[[nodiscard]] Task<Result<Structures>> load_structures(ports::Mailboxes& mailboxes, UserId user,
                                                       std::vector<ports::Entry> entries);

/// All bytes of the range. Errors: those of the port; corrupted when the message ends before the range does.
[[nodiscard]] Task<Result<Bytes>> read_range(ports::Mailboxes& mailboxes, UserId user, EmailId email,
                                             mime::ByteRange range);

}  // namespace gridmail::imap
