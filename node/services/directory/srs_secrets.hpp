// SrsSecrets: what signs the sender addresses of forwarded mail, as this node can open it.
#pragma once
#include <map>
#include <mutex>
#include <vector>

#include "storage/directory/directory_view.hpp"

namespace gridmail {

/// Thread-safe; what it is given must outlive it. Opened secrets are kept in memory.
class SrsSecrets {
 public:
  /// This node, to whom they are sealed, and its private key.
  struct Opener {
    NodeId self;
    Bytes seed;
  };
  SrsSecrets(const DirectoryView& view, Clock& clock, Opener opener)
      : view_(view), clock_(clock), opener_(std::move(opener)) {}

  /// The one that signs first; what others have signed is recognized. None while the grid has none yet.
  /// Errors: those of DirectoryView; unavailable while one is not sealed to this node yet.
  [[nodiscard]] Task<Result<std::vector<Bytes>>> all();

 private:
  [[nodiscard]] Result<Bytes> open(const directory::SealedSecret& sealed);

  const DirectoryView& view_;
  Clock& clock_;
  const Opener opener_;
  std::mutex guard_;
  std::map<Bytes, Bytes> opened_;  ///< by sealed box; bounded
};

}  // namespace gridmail
