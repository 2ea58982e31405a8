// DomainControl: what the HTTP API needs of the grid about domains and the mail that bears their names.
//
// Thread-safe. Errors common to all calls: unavailable; invalid (not a domain), not_found.
#pragma once
#include <string>
#include <vector>

#include "node/api/grid_control.hpp"

namespace gridmail::api {

/// A key that signs a domain's mail (RFC 6376). Private keys are no part of any answer.
struct DkimKey {
  std::string domain;
  std::string selector;
  std::string algorithm;  ///< rsa, ed25519
  std::string state;      ///< published (does not sign yet), active, retired
  WallMicros created = 0;
  std::string record_name;  ///< of the TXT record
  std::string record;
};
struct AddedDkimKey {
  DkimKey key;
  Applied applied;
};

/// A record that a domain needs, or should have, in the DNS.
struct DomainRecord {
  std::string purpose, name, type;
  std::string value;  ///< what should be there
  std::string state;  ///< present, missing, wrong, unknown
  std::vector<std::string> found;
  std::string note;
  bool required = true;
};
struct MemberList {
  std::string address;
  std::vector<std::string> members;
};
struct Forwarding {
  std::vector<std::string> to;
  bool only = false;  ///< the mailbox gets none
};

class DomainControl {
 public:
  virtual ~DomainControl() = default;

  /// Of all domains when it is empty.
  [[nodiscard]] virtual Task<Result<std::vector<DkimKey>>> dkim_keys(std::string domain) = 0;
  /// An empty selector is chosen here. Errors: already_exists.
  [[nodiscard]] virtual Task<Result<AddedDkimKey>> add_dkim_key(std::string domain, std::string algorithm,
                                                                std::string selector) = 0;
  /// The active key of the same algorithm is retired.
  [[nodiscard]] virtual Task<Result<Applied>> activate_dkim_key(std::string domain, std::string selector) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> retire_dkim_key(std::string domain, std::string selector) = 0;
  /// Errors: conflict while it is active.
  [[nodiscard]] virtual Task<Result<Applied>> remove_dkim_key(std::string domain, std::string selector) = 0;

  /// What the DNS should hold and holds; in some 10 s whatever the DNS does.
  [[nodiscard]] virtual Task<Result<std::vector<DomainRecord>>> dns_records(std::string domain) = 0;

  /// `name` becomes another name of the domain `of`. Errors: already_exists; conflict.
  [[nodiscard]] virtual Task<Result<Applied>> add_domain_alias(std::string name, std::string of) = 0;
  /// An empty address: what is for nobody is refused.
  [[nodiscard]] virtual Task<Result<Applied>> set_catch_all(std::string domain, std::string address) = 0;

  [[nodiscard]] virtual Task<Result<std::vector<MemberList>>> lists() = 0;
  [[nodiscard]] virtual Task<Result<MemberList>> list(std::string address) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> add_list(MemberList list) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> change_list(std::string address, std::vector<std::string> added,
                                                          std::vector<std::string> removed) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> remove_list(std::string address) = 0;

  [[nodiscard]] virtual Task<Result<Forwarding>> forwarding(std::string user) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> set_forwarding(std::string user, Forwarding forwarding) = 0;
  /// The users who may send in the user's name, by their addresses.
  [[nodiscard]] virtual Task<Result<std::vector<std::string>>> delegates(std::string user) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> set_delegates(std::string user,
                                                            std::vector<std::string> delegates) = 0;
};

}  // namespace gridmail::api
