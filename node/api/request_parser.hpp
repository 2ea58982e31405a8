// HTTP/1.1 requests from bytes (RFC 9112): incremental, strict where leniency lets two parsers disagree about
// where a request ends. Pure; http_session.hpp does the I/O.
#pragma once
#include <optional>
#include <string>

#include "node/api/message.hpp"
#include "node/base/bytes.hpp"

namespace gridmail::api {

struct RequestLimits {
  std::size_t head_bytes_max = 16 << 10;  ///< request line and header fields
  std::size_t body_bytes_max = 64 << 10;
};

/// One request and what concerns its connection.
struct ReceivedRequest {
  Request request;         ///< without what only the connection knows: peer, TLS
  bool is_head = false;    ///< HEAD: answered like GET, without the body
  bool keep_alive = true;  ///< RFC 9112, 9.3
};

/// Feed bytes as they come, take requests as they complete. After an error nothing more can be read: answer
/// and close.
class RequestParser {
 public:
  explicit RequestParser(RequestLimits limits = {}) : limits_(limits) {}

  void feed(BytesView bytes) { buffer_ += bytes; }
  /// The next whole request, or nothing yet. Errors: invalid, too_large, unsupported (transfer codings other
  /// than chunked; HTTP versions other than 1.0 and 1.1).
  [[nodiscard]] Result<std::optional<ReceivedRequest>> next();
  /// True once per request whose body the client holds back until told to go on (RFC 9110, 10.1.1).
  [[nodiscard]] bool take_expectation();

 private:
  struct Head {
    ReceivedRequest received;
    std::optional<std::size_t> content_length;
    bool chunked = false;
    bool expects_continue = false;
  };
  [[nodiscard]] Result<std::optional<Head>> take_head() const;
  [[nodiscard]] Result<bool> take_body();
  [[nodiscard]] Result<bool> take_chunk();
  [[nodiscard]] Result<void> read_field(Head& head, std::string_view line) const;

  const RequestLimits limits_;
  std::string buffer_;        // what is not consumed yet
  std::optional<Head> head_;  // the request under way
  std::string body_;          // its decoded chunks
};

}  // namespace gridmail::api
