// How look-ups travel: Postfix's socketmap_table(5) and tcp_table(5). Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/base/result.hpp"
#include "protocols/lookup/table.hpp"

namespace gridmail::lookup {

/// socketmap_table(5): no longer request than this.
inline constexpr std::size_t netstring_bytes_max = 100'000;

struct Netstring {
  std::string_view content;
  std::size_t bytes;  ///< of all of it: what to consume
};

/// "5:hello," at the start of `bytes`; the content points into it. Nothing: more bytes are needed.
/// Errors: invalid (no netstring, or longer than `content_bytes_max`); the rest of the connection cannot be
/// understood then.
[[nodiscard]] Result<std::optional<Netstring>> parse_netstring(std::string_view bytes,
                                                               std::size_t content_bytes_max);
void append_netstring(std::string& out, std::string_view content);

/// "map key": the map's name ends at the first space. Errors: invalid.
struct Question {
  std::string_view map;
  std::string_view key;
};
[[nodiscard]] Result<Question> parse_socketmap_request(std::string_view request);
/// "OK …", "NOTFOUND ", "TEMP …" or "PERM …", without the netstring around it.
[[nodiscard]] std::string socketmap_reply(const Answer& answer);

/// "get KEY" with %XX in the key. Errors: invalid.
[[nodiscard]] Result<std::string> parse_tcp_table_request(std::string_view line);
/// A line with its LF, what is not printable as %XX. A question that is wrong for good is also a 400: the
/// protocol has no other error.
[[nodiscard]] std::string tcp_table_reply(const Answer& answer);

}  // namespace gridmail::lookup
