// Record data of the DNS (RFC 1035, section 3.3) as libunbound gives it: without compression, of any content.
#pragma once
#include <optional>
#include <string>

#include "node/base/bytes.hpp"
#include "protocols/ports/resolver.hpp"

namespace gridmail::dns {

/// MX: a preference and a name. Nothing when it is cut off, goes on too long, or the name holds what no host
/// name may hold; the root is a name (RFC 7505).
[[nodiscard]] std::optional<ports::Exchanger> parse_exchanger(BytesView record);
/// TXT: its strings, joined. Nothing when one is cut off.
[[nodiscard]] std::optional<std::string> parse_text(BytesView record);
/// PTR: a name of a host.
[[nodiscard]] std::optional<std::string> parse_pointer(BytesView record);
/// SRV (RFC 2782): "priority weight port target"; the root is no target's name, but empty.
[[nodiscard]] std::optional<std::string> parse_service(BytesView record);
/// A (4 bytes) or AAAA (16 bytes) as text; nothing for any other length.
[[nodiscard]] std::optional<std::string> parse_address(BytesView record);

}  // namespace gridmail::dns
