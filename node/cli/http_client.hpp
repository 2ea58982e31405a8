// A small blocking HTTP client: one request, one connection.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/base/result.hpp"
#include "node/cli/http_reply.hpp"

namespace gridmail::cli {

struct Url {
  bool secure = false;
  std::string host;
  std::string port;
  std::string path;  ///< without trailing slash; empty for the root
  /// Errors: invalid unless http:// or https:// with a host and no user, query or fragment.
  [[nodiscard]] static Result<Url> parse(std::string_view text);
};

/// Whom to trust over https.
struct TrustSettings {
  std::string ca_file;  ///< PEM; empty: the system's
  bool accept_any = false;
};

struct HttpRequest {
  std::string method;
  std::string target;  ///< appended to the URL's path; starts with '/'
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// Errors: unavailable (nobody listens, name unknown), denied (the certificate is not trusted), timed_out,
/// io, corrupted.
[[nodiscard]] Result<HttpReply> fetch(const Url& url, const HttpRequest& request, const TrustSettings& trust,
                                      std::chrono::seconds timeout);

}  // namespace gridmail::cli
