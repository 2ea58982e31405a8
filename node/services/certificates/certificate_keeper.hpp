// CertificateKeeper: has this node's listeners show what certificates the directory holds.
#pragma once
#include <functional>
#include <map>

#include "gossip/register/map.hpp"
#include "node/runtime/server_tls.hpp"
#include "storage/directory/directory_client.hpp"
#include "storage/directory/directory_view.hpp"

namespace gridmail {

/// One strand, that of run().
class CertificateKeeper {
 public:
  struct Ports {
    Clock& clock;
    Random& random;
    const DirectoryView& view;
    DirectoryClient& directory;
    std::function<MapPtr()> map;
    std::function<bool(NodeId)> is_alive;
    ServerTls& tls;
  };
  /// `hostname`: of this node; `seed`: its private key.
  CertificateKeeper(Ports ports, NodeId self, std::string hostname, Bytes seed);

  /// Looks every second, for ever.
  [[nodiscard]] Task<void> run();
  /// Takes in what has changed, and seals keys to members that cannot open them yet. A certificate that
  /// cannot be used is left out and logged once.
  [[nodiscard]] Task<void> look();

 private:
  struct Known {
    std::uint64_t version = 0;
    TlsContext context;  ///< null: not usable here
  };
  [[nodiscard]] Known take(const directory::Certificate& record);
  [[nodiscard]] Result<TlsContext> context_of(const directory::Certificate& record) const;
  void show();
  [[nodiscard]] Task<void> seal_to_all(const directory::Certificate& record, const MapPtr& map);

  Ports ports_;
  const NodeId self_;
  const std::string hostname_;
  const Bytes seed_;
  std::map<std::string, Known> known_;
};

}  // namespace gridmail
