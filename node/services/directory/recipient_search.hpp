// RecipientSearch: whose an address is, and who gets its mail: own addresses, aliases, other names of
// domains, sub-addresses, lists, forwarding, catch-alls, and senders' addresses of forwarded mail.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "node/services/directory/srs_secrets.hpp"
#include "protocols/ports/directory.hpp"
#include "storage/directory/directory_view.hpp"

namespace gridmail {

/// Thread-safe, without state of its own; what it is given must outlive it. Local: no call waits for another
/// node. Errors common to all: those of DirectoryView.
class RecipientSearch {
 public:
  RecipientSearch(const DirectoryView& view, Clock& clock, SrsSecrets& secrets)
      : view_(view), clock_(clock), secrets_(secrets) {}

  struct Found {
    std::optional<directory::User> user;  ///< nothing: a list, or somebody elsewhere
    std::string address;                  ///< canonical; elsewhere: as it is to be sent to
    bool is_catch_all = false;            ///< nobody has the address itself
    bool is_returned = false;             ///< a sender of forwarded mail, elsewhere
  };
  /// `address` as people write it. Looked for in this order: the address itself, with the domain's main
  /// name, as an address made for a sender, without what follows a "+", as postmaster or abuse, as the
  /// catch-all's. Errors: not_found with "relay" (no domain of ours) or "user"; invalid.
  [[nodiscard]] Task<Result<Found>> find(std::string address) const;

  /// All who get what is sent to an address that leads to others, each once. Never empty: mail whose list or
  /// forwarding leads to nobody stays with the user, or goes to the postmaster. Members that are gone are
  /// left out. Errors: too_large (over 2,000).
  [[nodiscard]] Task<Result<std::vector<ports::Target>>> expand(std::string address) const;

  /// The envelope's sender for mail that is forwarded by an address in the domain `via`: `sender` itself
  /// where it is empty, ours, or cannot be rewritten.
  [[nodiscard]] Task<Result<std::string>> forwarding_sender(std::string sender, std::string via) const;

 private:
  struct Expansion;
  [[nodiscard]] Task<Result<Found>> exact(std::string canonical) const;
  [[nodiscard]] Task<Result<Found>> postmaster() const;
  [[nodiscard]] Task<Result<Found>> other_than_exact(std::string address, std::string local,
                                                     directory::Domain domain) const;
  [[nodiscard]] Task<Result<Found>> sender_of(std::string address) const;
  [[nodiscard]] Task<Result<Found>> catch_all(std::string address) const;
  [[nodiscard]] Task<Result<void>> take(Expansion& expansion, std::string address) const;

  const DirectoryView& view_;
  Clock& clock_;
  SrsSecrets& secrets_;
};

}  // namespace gridmail
