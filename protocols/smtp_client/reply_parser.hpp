// Replies of other servers (RFC 5321, section 4.2), whatever they really send: one line in at a time.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.hpp"

namespace gridmail::smtp {

struct RemoteReply {
  int code = 0;                    ///< 200 to 599
  std::string enhanced;            ///< "5.1.1" (RFC 2034); empty where there is none of the reply's own class
  std::vector<std::string> lines;  ///< what follows the code, as it came but for control bytes, which are '?'

  [[nodiscard]] bool is_positive() const { return code / 100 == 2; }
  [[nodiscard]] bool is_intermediate() const { return code / 100 == 3; }
  [[nodiscard]] bool is_temporary() const { return code / 100 == 4; }
  [[nodiscard]] bool is_permanent() const { return code / 100 == 5; }
  /// "550 5.1.1 no such user", all lines in one, of at most 512 bytes: for logs and notifications.
  [[nodiscard]] std::string text() const;
  /// The enhanced code, or the one that says as much as the code does: "5.0.0".
  [[nodiscard]] std::string status() const;
};

/// Pure. Feed lines without their ends until one completes a reply; then it starts anew.
class ReplyParser {
 public:
  static constexpr std::size_t lines_max = 100;
  static constexpr std::size_t line_bytes_max = 1000;

  /// Nothing: more lines belong to the reply. Errors: invalid, for what is no reply, changes its code in the
  /// middle, or does not come to an end; the connection is then useless.
  [[nodiscard]] Result<std::optional<RemoteReply>> feed(std::string_view line);

 private:
  RemoteReply reply_;
};

}  // namespace gridmail::smtp
