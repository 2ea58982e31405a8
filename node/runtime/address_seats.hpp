// How many connections each client address has.
#pragma once
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace gridmail {

/// Thread-safe. Seats may outlive it.
class AddressSeats {
 public:
  /// Held as long as the connection is; null when the address has `seats_max` already. Of IPv6 the first 64
  /// bits count: what one customer gets is a network of that size (RFC 6177, section 2).
  [[nodiscard]] std::shared_ptr<void> take(const std::string& address, std::size_t seats_max);

 private:
  struct Table {
    std::mutex mutex;
    std::unordered_map<std::string, std::size_t> taken;
  };
  std::shared_ptr<Table> table_ = std::make_shared<Table>();
};

}  // namespace gridmail
