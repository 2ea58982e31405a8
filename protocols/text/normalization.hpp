// Unicode forms of names: mailbox names, domains, addresses.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace gridmail::text {

/// Normalization Form C; nothing when the text is not UTF-8.
[[nodiscard]] std::optional<std::string> to_nfc(std::string_view utf8);

/// The domain as lower-case A-labels (RFC 5890, UTS #46 non-transitional), without a final dot; address
/// literals
/// ("[192.0.2.1]") in lower case. Nothing when it is not a domain.
[[nodiscard]] std::optional<std::string> to_ascii_domain(std::string_view domain);

/// How addresses are compared (design, words): domain as lower-case A-label, local part NFC and case-folded,
/// without quotes where it needs none. `postmaster` without a domain stays without. Nothing when it is not an
/// address.
[[nodiscard]] std::optional<std::string> canonical_address(std::string_view address);

}  // namespace gridmail::text
