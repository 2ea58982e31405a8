// The names of RFC 6154's mailbox attributes.
#pragma once
#include <optional>
#include <string_view>

#include "protocols/ports/mailboxes.hpp"

namespace gridmail::imap {

/// With its backslash: "\Sent"; empty for none.
[[nodiscard]] std::string_view attribute_of(ports::SpecialUse use);
/// Without it, in any case.
[[nodiscard]] std::optional<ports::SpecialUse> special_use_named(std::string_view name);

}  // namespace gridmail::imap
