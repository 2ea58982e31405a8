// AccessControlBinding: the HTTP API's AccessControl bound to a node's directory.
#pragma once
#include "node/administration.hpp"
#include "node/api/access_control.hpp"

namespace gridmail {

[[nodiscard]] api::Role role_of(directory::Role role);

/// Thread-safe, without state of its own; the parts outlive it.
class AccessControlBinding final : public api::AccessControl {
 public:
  struct Parts {
    MailServices& mail;
    Clock& clock;
    Administration& as;
  };
  explicit AccessControlBinding(Parts parts) : parts_(parts) {}

  [[nodiscard]] Task<Result<std::vector<api::AuditRow>>> audit(std::uint64_t before,
                                                               std::uint32_t rows_max) override;

  [[nodiscard]] Task<Result<api::Applied>> set_role(std::string address, api::Role role) override;
  [[nodiscard]] Task<Result<std::vector<api::TokenRow>>> tokens() override;
  [[nodiscard]] Task<Result<std::vector<api::JoinTokenRow>>> join_tokens() override;
  [[nodiscard]] Task<Result<api::Applied>> remove_join_token(std::string id) override;
  [[nodiscard]] Task<Result<api::AddedToken>> add_token(std::string name, api::Role role,
                                                        std::chrono::seconds expires_after) override;
  [[nodiscard]] Task<Result<api::Applied>> remove_token(std::string name) override;
  [[nodiscard]] Task<Result<std::vector<api::AdminRow>>> admins() override;
  [[nodiscard]] Task<Result<api::Applied>> add_admin(std::string name, std::string password) override;
  [[nodiscard]] Task<Result<api::Applied>> set_admin_password(std::string name,
                                                              std::string password) override;
  [[nodiscard]] Task<Result<api::Applied>> remove_admin(std::string name) override;
  [[nodiscard]] Task<Result<std::vector<api::AppPasswordRow>>> app_passwords(std::string address) override;
  [[nodiscard]] Task<Result<api::AddedAppPassword>> add_app_password(
      std::string address, std::string name, std::vector<std::string> protocols) override;
  [[nodiscard]] Task<Result<api::Applied>> remove_app_password(std::string address,
                                                               std::string name) override;
  [[nodiscard]] Task<Result<api::NewSession>> begin_session() override;
  [[nodiscard]] Task<Result<api::Principal>> session(std::string secret) override;
  [[nodiscard]] Task<Result<api::Applied>> end_session(std::string secret) override;
  [[nodiscard]] Task<Result<std::vector<api::SessionRow>>> sessions(std::string account) override;
  [[nodiscard]] Task<Result<api::Applied>> remove_session(std::string id) override;
  [[nodiscard]] std::string session_id(std::string_view secret) const override;

 private:
  Parts parts_;
};

}  // namespace gridmail
