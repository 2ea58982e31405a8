// Users to be added together, one a line, in one of two forms. Pure.
//
// Dovecot's passwd-file, "local-part@domain:password", where more fields may follow and are passed over; and
// CSV with a header line, "address,password". A password with a scheme is a hash,
// "{SHA512-CRYPT}$6$salt$hash", and so is what crypt(3) and Argon2 make, "$6$salt$hash"; with {PLAIN} it is a
// password, which one that may be a hash of another kind needs. Empty lines and, in
// the former, lines that begin with # are skipped.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.hpp"

namespace gridmail::cli {

struct ListedUser {
  std::string address;
  std::string secret;
  bool is_hash = false;  ///< the node says whether it can be taken
  std::size_t line = 0;
};

/// Errors: invalid, with the number of the first wrong line, and never the line: it holds a password.
[[nodiscard]] Result<std::vector<ListedUser>> parse_user_file(std::string_view text);

}  // namespace gridmail::cli
