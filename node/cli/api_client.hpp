// The HTTP API as the command line uses it: JSON in, JSON out, problem documents as errors.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "node/base/result.hpp"
#include "node/cli/http_client.hpp"

namespace gridmail::cli {

using Json = nlohmann::ordered_json;

struct ApiSettings {
  std::string url = "http://127.0.0.1:7480";
  std::string token;  ///< Bearer; empty: user and password
  std::string user, password;
  TrustSettings trust;
  bool dry_run = false;  ///< nothing is changed: every change is only asked about
};

class ApiClient {
 public:
  /// Errors: invalid (the URL); denied (a secret would go over plain http to another machine).
  [[nodiscard]] static Result<ApiClient> make(ApiSettings settings);

  /// `target` is below /api/v1, with its parts encoded by path_part(). Errors: what fetch() and the API give.
  [[nodiscard]] Result<Json> get(std::string_view target) const { return call("GET", target, nullptr); }
  /// All rows of a list, page by page; `silent`: whose part is missing, as the last page says.
  [[nodiscard]] Result<Json> get_all(std::string_view target, std::string* silent = nullptr) const;
  [[nodiscard]] Result<Json> post(std::string_view target, const Json& body = Json::object()) const {
    return call("POST", target, &body);
  }
  [[nodiscard]] Result<Json> put(std::string_view target, const Json& body) const {
    return call("PUT", target, &body);
  }
  [[nodiscard]] Result<Json> remove(std::string_view target) const { return call("DELETE", target, nullptr); }
  /// A probe outside of /api: status and text.
  [[nodiscard]] Result<HttpReply> probe(std::string_view path) const;

 private:
  ApiClient(Url url, ApiSettings settings) : url_(std::move(url)), settings_(std::move(settings)) {}
  struct Answer {
    Json document;
    std::string link, silent;
  };
  [[nodiscard]] Result<Answer> send(std::string_view method, std::string_view target, const Json* body) const;
  [[nodiscard]] Result<Json> call(std::string_view method, std::string_view target, const Json* body) const;
  /// A change that is only asked about. Errors: unsupported, also by a node that would make it.
  [[nodiscard]] Result<Json> try_out(std::string_view method, std::string_view target,
                                     const Json* body) const;

  Url url_;
  ApiSettings settings_;
};

/// The query of the target that a Link field gives the relation "next" (RFC 8288), such as "?after=7".
[[nodiscard]] std::optional<std::string> next_query(std::string_view link);
/// RFC 3986: everything but unreserved characters as %XX.
[[nodiscard]] std::string path_part(std::string_view text);

}  // namespace gridmail::cli
