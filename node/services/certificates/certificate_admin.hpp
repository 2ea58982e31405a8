// CertificateAdmin: the certificates that all nodes show to mail clients, as administrators change them.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gossip/register/map.hpp"
#include "node/runtime/pem_certificate.hpp"
#include "storage/directory/directory_client.hpp"
#include "storage/directory/directory_view.hpp"

namespace gridmail {

struct CertificateRow {
  std::string name;
  CertificateFacts facts;
  WallMicros created = 0;
};

/// Thread-safe; remembers what it has read of certificates. Errors common to all: unavailable.
class CertificateAdmin {
 public:
  struct Ports {
    Clock& clock;
    Random& random;
    const DirectoryView& view;
    DirectoryClient& directory;
    std::function<MapPtr()> map;
  };
  explicit CertificateAdmin(Ports ports) : ports_(std::move(ports)) {}
  /// The same, with changes made through another client, which outlives what is returned.
  [[nodiscard]] CertificateAdmin through(DirectoryClient& directory) const {
    CertificateAdmin other({ports_.clock, ports_.random, ports_.view, directory, ports_.map});
    other.read_ = read_;
    return other;
  }

  /// Adds or replaces the one of the chain's first DNS name; the key goes into the directory sealed to the
  /// members. Errors: invalid (not PEM, the key of another certificate, no DNS name, not valid now).
  [[nodiscard]] Task<Result<AppliedChange>> put(std::string chain_pem, std::string key_pem);
  /// Errors: not_found.
  [[nodiscard]] Task<Result<AppliedChange>> remove(std::string name);
  /// By name.
  [[nodiscard]] Task<Result<std::vector<CertificateRow>>> list();

 private:
  /// By name, of the version that was read: reading one takes long beside all else that a status says.
  struct Read {
    std::mutex mutex;
    std::map<std::string, std::pair<std::uint64_t, CertificateRow>> rows;
  };

  Ports ports_;
  std::shared_ptr<Read> read_ = std::make_shared<Read>();
};

}  // namespace gridmail
