// SrsSecretKeeper: has the grid have secrets that sign the sender addresses of forwarded mail, sealed to all
// members, and a new one now and then.
#pragma once
#include <functional>
#include <optional>

#include "gossip/register/map.hpp"
#include "node/base/random.hpp"
#include "storage/directory/directory_client.hpp"
#include "storage/directory/directory_view.hpp"
#include "storage/directory/sealed_secret.hpp"

namespace gridmail {

/// One strand.
class SrsSecretKeeper {
 public:
  struct Ports {
    Clock& clock;
    Random& random;
    const DirectoryView& view;
    DirectoryClient& directory;
    std::function<MapPtr()> map;
    std::function<bool(NodeId)> is_alive;
  };
  /// A secret signs for so long.
  static constexpr Duration signs_for = std::chrono::hours(24 * 30);

  /// `seed`: this node's private key.
  SrsSecretKeeper(Ports ports, NodeId self, Bytes seed)
      : ports_(std::move(ports)), self_(self), seed_(std::move(seed)) {}

  /// Does what is this node's task of it. Whether that is done.
  [[nodiscard]] Task<bool> look();

 private:
  using Secrets = std::vector<directory::SrsSecret>;
  /// Nothing: they may stay as they are, or another node changes them.
  [[nodiscard]] std::optional<Secrets> renewed(const directory::Settings& settings, const Map& map);
  [[nodiscard]] bool is_wanted(const directory::SrsSecret& secret, const Secrets& newer,
                               const Map& map) const;
  [[nodiscard]] directory::SrsSecret sealed(BytesView secret, const Map& map);

  Ports ports_;
  const NodeId self_;
  const Bytes seed_;
};

}  // namespace gridmail
