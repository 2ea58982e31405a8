// What an SPF record (RFC 7208) says of an address, as far as that needs no further questions. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gridmail {

/// unknown: include, redirect or exists would have to be followed.
enum class Allowed : std::uint8_t { yes, no, unknown };

/// "v=spf1" and something behind it, or nothing.
[[nodiscard]] bool is_sender_policy(std::string_view record);

/// Whether mail from `address` passes. `mx_addresses` and `domain_addresses`: of the domain itself, for the
/// mechanisms mx and a without a domain of their own.
[[nodiscard]] Allowed allowed_by(std::string_view policy, const std::string& address,
                                 const std::vector<std::string>& mx_addresses,
                                 const std::vector<std::string>& domain_addresses);

/// Reachable from anywhere: neither private nor shared nor local.
[[nodiscard]] bool is_public_address(const std::string& address);

/// The name under which the address has its PTR record (RFC 1035, section 3.5; RFC 3596, section 2.5); empty
/// for what is no address.
[[nodiscard]] std::string reverse_name(const std::string& address);

}  // namespace gridmail
