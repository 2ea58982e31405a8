// An HTTP request and response as the API's handlers see them, apart from any HTTP library.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/api/principal.hpp"
#include "node/base/result.hpp"
#include "node/base/store.hpp"

namespace gridmail::api {

enum class Method : std::uint8_t { get, post, put, delete_, other };

struct Request {
  Method method = Method::get;
  std::string path;                                         ///< as sent, still percent-encoded, without query
  std::string query;                                        ///< after '?', still encoded
  std::string authorization;                                ///< the header's value; empty: none
  std::vector<std::pair<std::string, std::string>> fields;  ///< the header fields that are not about framing
  std::string body;
  std::string peer_address;
  bool is_secure = false;  ///< over TLS
  bool peer_is_loopback = false;
  Principal asker{};  ///< who asks; set by the router, nobody on routes without log-in
};

struct Response {
  std::uint16_t status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  /// The body goes on: asked once a second for what is new, for as long as the client listens, ten minutes at
  /// most. A comment keeps the line alive while there is nothing. No text at all: it is over.
  std::function<Task<std::optional<std::string>>()> more{};
};

/// ASCII.
[[nodiscard]] bool equal_without_case(std::string_view a, std::string_view b);
/// The value of the first header field of that name, which has no case; empty: none.
[[nodiscard]] std::string_view field(const Request& request, std::string_view name);
/// The decoded value of the first parameter of that name. Nothing: none, or it cannot be decoded.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view name);
/// Whether the query has this name, with or without a value ("?verbose", "?verbose=1").
[[nodiscard]] bool query_has(std::string_view query, std::string_view name);

/// RFC 9457: {"type": "about:blank", "title", "status", "code", "detail"}.
[[nodiscard]] Response problem(std::uint16_t status, std::string_view code, std::string_view detail);
/// The status an error becomes, and its text as detail.
[[nodiscard]] Response problem(const Error& error);

}  // namespace gridmail::api
