// RequestControl: what the HTTP API needs of the grid about requests themselves: how many there may be, and
// what was answered to one that is made again.
//
// Thread-safe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "node/api/grid_control.hpp"

namespace gridmail::api {

/// How a limit stands for somebody.
struct Quota {
  bool is_used_up = false;
  std::uint32_t count = 0, left = 0;
  std::int64_t seconds_until_one = 0;  ///< until one more may come
  std::int64_t seconds_until_all = 0;  ///< until `count` may come at once
};

/// What was answered to a request. Status 0: nothing yet.
struct KeptAnswer {
  Bytes request;  ///< hash of what was asked
  std::uint16_t status = 0;
  std::string content_type, body;
  std::string withheld;  ///< not empty: why there is no body
};

class RequestControl {
 public:
  virtual ~RequestControl() = default;

  /// Counts one request of an address or of a principal, one of which is empty. Nothing: no limit concerns
  /// it.
  [[nodiscard]] virtual std::optional<Quota> take_request(const std::string& address,
                                                          const std::string& principal) = 0;

  /// By the hash of who asks and the key. Errors: not_found, unavailable.
  [[nodiscard]] virtual Task<Result<KeptAnswer>> kept_answer(Bytes id) = 0;
  /// From now on nobody else makes a request with this id. Errors: already_exists, unavailable.
  [[nodiscard]] virtual Task<Result<void>> begin_request(Bytes id, Bytes request) = 0;
  /// Status 0: it came to nothing, and may be made again.
  [[nodiscard]] virtual Task<Result<void>> keep_answer(Bytes id, KeptAnswer answer) = 0;
};

}  // namespace gridmail::api
