// LMTP's answer to the end of data: one reply per recipient (RFC 2033, section 4.2).
#pragma once
#include <string>
#include <vector>

#include "node/base/result.hpp"

namespace gridmail::lmtp {

/// Appends one reply for each RCPT that was answered 250, in their order. `accepted` gives, for each of them,
/// the index of its recipient in `results`: who was named twice is stored once and answered twice.
void append_replies(std::string& out, const std::vector<std::size_t>& accepted,
                    const std::vector<Result<void>>& results, const std::string& message_id);

}  // namespace gridmail::lmtp
