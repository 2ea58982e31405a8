// Requests with an Idempotency-Key: made once, however often they are sent to whichever node. The same key of
// the same principal gives the same answer for 24 hours; with another method, path or body it is an error.
#pragma once
#include <optional>

#include "node/api/message.hpp"
#include "node/api/request_control.hpp"

namespace gridmail::api {

class RepeatedRequest {
 public:
  static constexpr std::size_t key_bytes_max = 255;

  /// Nothing without a key. Errors: invalid (the key).
  [[nodiscard]] static Result<std::optional<RepeatedRequest>> of(const Request& request,
                                                                 const std::string& principal);

  /// What is to be answered instead of making the request; nothing: it is to be made, and is being made from
  /// now on.
  [[nodiscard]] Task<std::optional<Response>> answered(RequestControl& control) const;
  /// After it was made. An answer with a secret is not kept, but that it was given is.
  [[nodiscard]] Task<void> keep(RequestControl& control, const Response& response, bool has_secret) const;

 private:
  [[nodiscard]] Task<std::optional<Response>> look(RequestControl& control) const;

  Bytes id_, request_;
};

}  // namespace gridmail::api
