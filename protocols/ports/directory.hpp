// The Directory port: who exists and who may log in. Local on every node; no call waits for another node.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/ids.hpp"
#include "node/base/store.hpp"

namespace gridmail::ports {

/// What a client logs in for. Passwords of single programs are for some of these only; none is for http.
enum class Protocol : std::uint8_t { imap, pop3, smtp, http };

[[nodiscard]] constexpr std::string_view name_of(Protocol protocol) {
  constexpr std::string_view names[] = {"imap", "pop3", "smtp", "http"};
  return names[static_cast<std::size_t>(protocol)];
}
[[nodiscard]] constexpr std::optional<Protocol> protocol_named(std::string_view name) {
  for (const auto protocol : {Protocol::imap, Protocol::pop3, Protocol::smtp, Protocol::http}) {
    if (name_of(protocol) == name) return protocol;
  }
  return std::nullopt;
}

/// A logged-in user.
struct Account {
  UserId id;
  std::string login;  ///< the canonical address, also shown in Received headers and logs
};

/// What an address leads to.
struct Target {
  UserId id;                 ///< nil: a list, or somebody elsewhere
  std::string address = {};  ///< canonical; elsewhere: as it is to be sent to
  bool expands = false;      ///< to others, here or elsewhere: a list, or a user who forwards
};

class Directory {
 public:
  virtual ~Directory() = default;
  /// Errors: not_found with text "relay" (the domain is not ours) or "user" (no such user in our domain);
  /// invalid (not an address); unavailable (the directory here is older than 5 s, so a miss cannot be
  /// trusted). `postmaster` without a domain is always found.
  /// An address made for the sender of forwarded mail leads back to that sender, elsewhere.
  [[nodiscard]] virtual Task<Result<Target>> resolve(std::string address) = 0;
  [[nodiscard]] virtual Task<Result<bool>> is_local_domain(std::string domain) = 0;
  /// `login` is an address. Failed attempts are delayed here, and counted per address. Errors: denied,
  /// unavailable.
  [[nodiscard]] virtual Task<Result<Account>> authenticate(std::string login, std::string password,
                                                           std::string peer_address, Protocol protocol) = 0;
  /// Whether the user may send as `address` (envelope or header): the own address and aliases.
  [[nodiscard]] virtual Task<Result<bool>> may_send_as(UserId user, std::string address) = 0;
};

}  // namespace gridmail::ports
