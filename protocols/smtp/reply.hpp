// Replies of RFC 5321, section 4.2, with the enhanced codes of RFC 2034 and RFC 3463.
#pragma once
#include <string>
#include <string_view>

namespace gridmail::smtp {

struct Reply {
  int code = 0;
  std::string_view enhanced;  ///< a literal; empty where RFC 2034, section 4 allows none (3yz)
  std::string text;           ///< one line

  [[nodiscard]] bool is_failure() const { return code >= 400; }
};

/// Appends the reply as one line, with its CRLF.
void append_to(std::string& out, const Reply& reply);
[[nodiscard]] std::string to_string(const Reply& reply);

}  // namespace gridmail::smtp
