// ConfigControlBinding: the HTTP API's ConfigControl bound to a node's directory.
#pragma once
#include "node/administration.hpp"
#include "node/api/config_control.hpp"

namespace gridmail {

/// Thread-safe, without state of its own; the parts outlive it.
class ConfigControlBinding final : public api::ConfigControl {
 public:
  struct Parts {
    MailServices& mail;
    Administration& as;
  };
  explicit ConfigControlBinding(Parts parts) : parts_(parts) {}

  [[nodiscard]] Task<Result<std::vector<api::UserSettings>>> user_settings(api::PageQuery page) override;
  [[nodiscard]] Task<Result<std::vector<api::ConfigVersion>>> config_versions() override;
  [[nodiscard]] Task<Result<api::Applied>> add_config_version(std::string diff) override;

 private:
  [[nodiscard]] Task<Result<api::UserSettings>> settings_of(directory::User user) const;

  Parts parts_;
};

}  // namespace gridmail
