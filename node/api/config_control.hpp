// ConfigControl: what the HTTP API needs of the grid about its configuration as a whole: what users have set,
// and which files were applied.
//
// Thread-safe. Errors common to all calls: unavailable.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "node/api/grid_control.hpp"

namespace gridmail::api {

/// What a user has beside the mailbox.
struct UserSettings {
  std::string address;
  std::vector<std::string> forward_to;
  bool forward_only = false;
  std::vector<std::string> delegates;  ///< addresses
};

struct ConfigVersion {
  std::uint64_t number = 0;
  WallMicros at = 0;
  std::string who;   ///< empty: the grid itself
  std::string diff;  ///< lines that begin with +, - or ~
};

class ConfigControl {
 public:
  virtual ~ConfigControl() = default;

  /// Of the users who have any; by domain, then local part.
  [[nodiscard]] virtual Task<Result<std::vector<UserSettings>>> user_settings(PageQuery page) = 0;
  /// Oldest first; the last hundred.
  [[nodiscard]] virtual Task<Result<std::vector<ConfigVersion>>> config_versions() = 0;
  /// Errors: invalid (empty, or over 64 KiB).
  [[nodiscard]] virtual Task<Result<Applied>> add_config_version(std::string diff) = 0;
};

}  // namespace gridmail::api
