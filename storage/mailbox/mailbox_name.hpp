// Names of mailboxes as the store keeps them: UTF-8 NFC (given so), hierarchy separator '/', INBOX in
// capitals.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.hpp"

namespace gridmail {

inline constexpr std::string_view inbox = "INBOX";
inline constexpr std::size_t mailbox_name_bytes_max = 1000;
inline constexpr std::size_t mailbox_depth_max = 50;
inline constexpr std::size_t mailboxes_max = 10'000;

/// The stored form. INBOX counts in any case, also as the first level (RFC 3501, 5.1). Errors: invalid
/// (empty, a separator at an end or doubled, a control character, too long or too deep).
[[nodiscard]] Result<std::string> canonical_mailbox_name(std::string_view name);

/// "a/b" of "a/b/c"; nothing at the root.
[[nodiscard]] std::optional<std::string> parent_of(std::string_view name);
/// "a", "a/b" of "a/b/c", outermost first.
[[nodiscard]] std::vector<std::string> parents_of(std::string_view name);
/// Whether `name` lies below `parent`.
[[nodiscard]] bool is_below(std::string_view name, std::string_view parent);

}  // namespace gridmail
