#include "node/runtime/this_machine.hpp"

#include <asio/ip/address.hpp>

namespace gridmail {

bool is_this_machine(const std::string& host) {
  if (host == "localhost") return true;
  asio::error_code no_address;
  const auto address = asio::ip::make_address(host, no_address);
  return !no_address && address.is_loopback();
}

}  // namespace gridmail
