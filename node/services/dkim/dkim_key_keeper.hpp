// DkimKeyKeeper: has the keys that sign mail sealed to all members, as these come and go.
#pragma once
#include <functional>
#include <optional>

#include "gossip/register/map.hpp"
#include "node/base/random.hpp"
#include "storage/directory/directory_client.hpp"
#include "storage/directory/directory_view.hpp"

namespace gridmail {

/// One strand.
class DkimKeyKeeper {
 public:
  struct Ports {
    Clock& clock;
    Random& random;
    const DirectoryView& view;
    DirectoryClient& directory;
    std::function<MapPtr()> map;
    std::function<bool(NodeId)> is_alive;
  };
  /// `seed`: this node's private key.
  DkimKeyKeeper(Ports ports, NodeId self, Bytes seed)
      : ports_(std::move(ports)), self_(self), seed_(std::move(seed)) {}

  /// Seals those keys anew that are this node's task. Whether that is done.
  [[nodiscard]] Task<bool> look();

 private:
  /// Nothing: it needs nothing, or another node does it, or nobody can.
  [[nodiscard]] std::optional<directory::SealedSecret> anew(const directory::DkimKey& key, const Map& map);

  Ports ports_;
  const NodeId self_;
  const Bytes seed_;
};

}  // namespace gridmail
