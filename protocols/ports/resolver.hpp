// The Resolver port: what the DNS says about other mail systems. Production binds it to libunbound, tests and
// the simulator to tables.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "node/base/store.hpp"

namespace gridmail::ports {

struct Exchanger {
  std::uint16_t preference = 0;
  std::string host;  ///< without a final dot; empty: the root
};

/// Never blocks; bounded in time. CNAMEs are followed. Errors common to both: not_found (the name does not
/// exist), unavailable (no answer that can be used, now).
class Resolver {
 public:
  virtual ~Resolver() = default;
  /// Empty: the domain exists and has no MX record.
  [[nodiscard]] virtual Task<Result<std::vector<Exchanger>>> exchangers(std::string domain) = 0;
  /// IPv6 and IPv4, as text; those of each family in the order in which to try them. Empty: the name exists
  /// and has none.
  [[nodiscard]] virtual Task<Result<std::vector<std::string>>> addresses(std::string host) = 0;
};

}  // namespace gridmail::ports
