// The join token: what an admin carries from a grid to a new node. It says where to call, whom to expect
// there, and proves once that the new node was invited. It holds no key of the grid: those are handed over on
// the pinned TLS connection of the join call.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/ids.hpp"
#include "node/base/random.hpp"
#include "node/base/result.hpp"

namespace gridmail {

struct JoinToken {
  Bytes grid_id;                       ///< 16 bytes
  std::vector<std::string> addresses;  ///< the introducer's peer listener, "host:port"; at least one
  NodeId introducer;                   ///< the fingerprint of the key to expect there
  Bytes secret;                        ///< join_secret_bytes, good for one join
  WallMicros expires = 0;
  bool operator==(const JoinToken&) const = default;
};

inline constexpr std::size_t join_secret_bytes = 16;
[[nodiscard]] Bytes draw_join_secret(Random& random);

/// One word of letters, digits, '.', '-' and '_', fit for a command line.
[[nodiscard]] std::string encode_join_token(const JoinToken& token);

/// Surrounding white space is ignored. Errors, with a text to show: invalid (no join token), corrupted
/// (mistyped or cut off), unsupported (made by a newer program). Expiry is checked by the caller with
/// is_expired().
[[nodiscard]] Result<JoinToken> decode_join_token(std::string_view text);

/// The introducer's clock counts; the joining node may warn with its own.
[[nodiscard]] bool is_expired(const JoinToken& token, WallMicros now);

}  // namespace gridmail
