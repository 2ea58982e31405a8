// A whole HTTP/1.1 response, read from bytes (RFC 9112). Pure; http_client.hpp does the I/O.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/base/result.hpp"

namespace gridmail::cli {

struct HttpReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;

  /// The first header of that lower-case name; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// `bytes` is all that came until the connection was closed. Errors: corrupted when it is no HTTP response,
/// or ends before its Content-Length or last chunk.
[[nodiscard]] Result<HttpReply> parse_http_reply(std::string_view bytes);

}  // namespace gridmail::cli
