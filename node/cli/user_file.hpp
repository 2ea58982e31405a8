// Users to be added together, one a line: "local-part@domain:password", where the password may be a hash from
// another mail server, "{CRYPT}$6$salt$hash". Empty lines and lines that begin with # are skipped. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.hpp"

namespace gridmail::cli {

struct ListedUser {
  std::string address;
  std::string secret;
  bool is_hash = false;
};

/// Errors: invalid, with the number of the first wrong line.
[[nodiscard]] Result<std::vector<ListedUser>> parse_user_file(std::string_view text);

}  // namespace gridmail::cli
