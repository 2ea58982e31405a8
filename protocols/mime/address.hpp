// Addresses in header fields: RFC 5322, sections 3.4 and 4.4, in the shape IMAP gives them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "node/base/bytes.hpp"

namespace gridmail::mime {

/// RFC 3501, section 7.4.2. A group is a run of addresses between one with `mailbox` (the group's name) but
/// no `host` and one with neither. An address without '@' has the empty host.
struct Address {
  std::optional<std::string> name;     ///< display name, quotes undone; may hold encoded-words or 8-bit bytes
  std::optional<std::string> adl;      ///< source route: "@a,@b"
  std::optional<std::string> mailbox;  ///< local part, quotes undone
  std::optional<std::string> host;
  [[nodiscard]] bool begins_group() const { return mailbox && !host; }
  [[nodiscard]] bool ends_group() const { return !mailbox && !host; }
  bool operator==(const Address&) const = default;
};

/// Reads an address-list, unfolded or not. Never fails: what cannot be an address is skipped or taken as a
/// local part. Stops after `addresses_max` entries.
[[nodiscard]] std::vector<Address> parse_addresses(BytesView value, std::size_t addresses_max = 10'000);

}  // namespace gridmail::mime
