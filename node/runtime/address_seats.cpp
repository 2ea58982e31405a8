#include "node/runtime/address_seats.hpp"

#include <asio/ip/address.hpp>

namespace gridmail {
namespace {

/// Whose seats are counted together.
std::string counted_as(const std::string& text) {
  std::error_code error;
  const auto address = asio::ip::make_address(text, error);
  if (error || address.is_v4()) return text;
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  const auto bytes = v6.to_bytes();
  return {bytes.begin(), bytes.begin() + 8};
}

}  // namespace

std::shared_ptr<void> AddressSeats::take(const std::string& address, std::size_t seats_max) {
  auto key = counted_as(address);
  const std::lock_guard lock(table_->mutex);
  auto& taken = table_->taken[key];
  if (taken >= seats_max) return nullptr;
  ++taken;
  return {table_.get(), [table = table_, key = std::move(key)](void*) {
            const std::lock_guard giving_back(table->mutex);
            const auto at = table->taken.find(key);
            if (--at->second == 0) table->taken.erase(at);
          }};
}

}  // namespace gridmail
