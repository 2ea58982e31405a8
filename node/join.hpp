// How a node becomes a member: both ends of the join call (design, section 8). The map it hands over holds
// the gossip keys.
#pragma once
#include "gossip/membership/join_token.hpp"
#include "gossip/register/map_register.hpp"
#include "gossip/transport/stranger_call.hpp"
#include "storage/directory/directory_client.hpp"

namespace gridmail {

/// The joining side: calls the introducer that the token names. Errors: those of the token; denied (used,
/// expired, or not known to the grid), already_exists (the name is taken), unavailable, timed_out.
[[nodiscard]] Task<Result<Map>> ask_to_join(Clock& clock, const TlsIdentity& identity, std::string token_text,
                                            Member self);

/// For a node that is in a grid already. Errors: invalid (no join token), denied (of another grid).
[[nodiscard]] Result<void> check_grid_of(const std::string& token, const Bytes& grid_id);

/// The introducer's side: has the secret consumed in the directory, then the member agreed in the map. Never
/// throws but on cancellation; the answer says what was wrong.
class Introducer {
 public:
  struct Parts {
    Clock& clock;
    MapRegister& map_register;
    DirectoryClient& directory;
  };
  explicit Introducer(Parts parts) : parts_(parts) {}
  [[nodiscard]] Task<Bytes> answer(Bytes public_key, Bytes request);

 private:
  [[nodiscard]] Task<Result<MapPtr>> admit(Bytes public_key, Bytes request);

  Parts parts_;
};

}  // namespace gridmail
