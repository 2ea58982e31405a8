// DomainAdmin: what administrators do with domains beyond their names: keys that sign mail.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "gossip/register/map.hpp"
#include "node/runtime/worker_pool.hpp"
#include "protocols/dkim/signing_key.hpp"
#include "storage/directory/directory_client.hpp"
#include "storage/directory/directory_view.hpp"

namespace gridmail {

/// A key without its private part, which no call gives away.
struct DkimKeyRow {
  std::string domain;
  std::string selector;
  dkim::Algorithm algorithm = dkim::Algorithm::rsa;
  directory::DkimKey::State state = directory::DkimKey::PUBLISHED;
  WallMicros created = 0;
  std::string record_name;  ///< of the TXT record that verifiers look for
  std::string record;
};

/// Thread-safe, without state of its own; what it is given must outlive its calls. Names are taken as people
/// write them. Errors common to all: unavailable; invalid, not_found, already_exists, conflict.
class DomainAdmin {
 public:
  struct Ports {
    Clock& clock;
    Random& random;
    const DirectoryView& view;
    DirectoryClient& directory;
    std::function<MapPtr()> map;    ///< to whose members keys are sealed
    WorkerPool* workers = nullptr;  ///< makes RSA keys
  };
  explicit DomainAdmin(Ports ports) : ports_(ports) {}
  /// The same, with changes made through another client, which outlives what is returned.
  [[nodiscard]] DomainAdmin through(DirectoryClient& directory) const {
    return DomainAdmin({ports_.clock, ports_.random, ports_.view, directory, ports_.map, ports_.workers});
  }

  struct AddedKey {
    DkimKeyRow key;
    AppliedChange applied;
  };
  /// It does not sign before it is activated. Without a selector it is named by algorithm and date.
  [[nodiscard]] Task<Result<AddedKey>> add_dkim_key(std::string domain, dkim::Algorithm algorithm,
                                                    std::string selector);
  /// Of one domain, or of all when it is empty.
  [[nodiscard]] Task<Result<std::vector<DkimKeyRow>>> dkim_keys(std::string domain);
  /// ACTIVE: signs from now on, in place of the domain's active one of this algorithm, which is retired.
  /// RETIRED: signs no more.
  [[nodiscard]] Task<Result<AppliedChange>> set_dkim_key_state(std::string domain, std::string selector,
                                                               directory::DkimKey::State state);
  /// Errors: conflict while it is active.
  [[nodiscard]] Task<Result<AppliedChange>> remove_dkim_key(std::string domain, std::string selector);

 private:
  [[nodiscard]] Task<Result<dkim::SigningKey>> make_key(dkim::Algorithm algorithm);

  Ports ports_;
};

}  // namespace gridmail
