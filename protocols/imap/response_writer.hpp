// Responses as bytes: the other half of RFC 3501's grammar (section 9). Everything appends to the end of
// `out`.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/base/ids.hpp"
#include "protocols/ports/mailboxes.hpp"

namespace gridmail::imap {

void append_number(std::string& out, std::uint64_t number);
/// Quoted where that can be, else a literal. `value` must hold no NUL.
void append_string(std::string& out, std::string_view value);
/// An atom where that can be: mailbox names, header field names.
void append_astring(std::string& out, std::string_view value);
/// NIL for nothing.
void append_nstring(std::string& out, const std::optional<std::string>& value);
/// The mailbox's UTF-8 name, in modified UTF-7 (RFC 3501, section 5.1.3).
void append_mailbox(std::string& out, std::string_view name);
/// "(\Seen $Forwarded)"
void append_flags(std::string& out, const ports::Flags& flags, bool recent);
/// "\"17-Jul-1996 02:44:25 -0700\""
void append_internal_date(std::string& out, WallMicros date, std::int16_t zone_minutes);
/// "1:3,7"
void append_uid_set(std::string& out, const UidSet& uids);

/// "COPYUID 38505 304,319:320 3956:3958" (RFC 4315, section 3); the order of the pairs is kept.
[[nodiscard]] std::string copyuid(UidValidity uid_validity, std::span<const std::pair<Uid, Uid>> uids);

}  // namespace gridmail::imap
