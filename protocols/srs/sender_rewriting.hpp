// The Sender Rewriting Scheme (M. Wong, 2004): mail that is forwarded leaves under a sender of the
// forwarder's domain, so that SPF holds, and what comes back there finds its way to the sender. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/base/bytes.hpp"
#include "node/base/clock.hpp"

namespace gridmail::srs {

/// How long an address leads back: longer than mail waits anywhere.
inline constexpr int days_valid = 21;

/// Whether a local part, in any case, looks like one of these addresses, of whomever.
[[nodiscard]] bool is_rewritten(std::string_view local_part);

/// "SRS0=hash=day=domain=local-part@via"; of an address that was rewritten before, "SRS1=hash=host=…@via",
/// which leads back to the host that rewrote it first. Nothing for a sender that has no place in it (a quoted
/// local part, or too long), and without a secret.
[[nodiscard]] std::optional<std::string> rewritten_sender(std::string_view sender, std::string_view via,
                                                          BytesView secret, WallMicros now);

/// The sender that rewritten_sender() was given; letters may have lost their case. Nothing unless the hash is
/// right and the day is no longer ago than days_valid.
[[nodiscard]] std::optional<std::string> original_sender(std::string_view address, BytesView secret,
                                                         WallMicros now);

}  // namespace gridmail::srs
