// A grid in memory behind GridControl: two nodes, one slot, users in a map.
#pragma once
#include <map>

#include "node/api/access_control.hpp"
#include "node/api/client_control.hpp"
#include "node/api/config_control.hpp"
#include "node/api/domain_control.hpp"
#include "node/api/overview_control.hpp"
#include "node/api/request_control.hpp"
#include "node/figures/figure_service.hpp"

namespace gridmail::testing {

/// Keys of one domain, and what was asked last.
class DomainsInMemory final : public api::DomainControl {
 public:
  std::vector<api::DkimKey> keys;
  std::map<std::string, std::vector<std::string>> members;
  api::Forwarding forward;
  std::vector<std::string> in_the_name;
  std::string last;
  Task<Result<std::vector<api::DkimKey>>> dkim_keys(std::string domain) override;
  Task<Result<api::AddedDkimKey>> add_dkim_key(std::string domain, std::string algorithm,
                                               std::string selector) override;
  Task<Result<api::Applied>> activate_dkim_key(std::string domain, std::string selector) override;
  Task<Result<api::Applied>> retire_dkim_key(std::string domain, std::string selector) override;
  Task<Result<api::Applied>> remove_dkim_key(std::string domain, std::string selector) override;
  Task<Result<std::vector<api::DomainRecord>>> dns_records(std::string domain) override;
  Task<Result<api::Applied>> add_domain_alias(std::string name, std::string of) override;
  Task<Result<api::Applied>> set_catch_all(std::string domain, std::string address) override;
  Task<Result<std::vector<api::MemberList>>> lists() override;
  Task<Result<api::MemberList>> list(std::string address) override;
  Task<Result<api::Applied>> add_list(api::MemberList list) override;
  Task<Result<api::Applied>> change_list(std::string address, std::vector<std::string> added,
                                         std::vector<std::string> removed) override;
  Task<Result<api::Applied>> remove_list(std::string address) override;
  Task<Result<api::Forwarding>> forwarding(std::string user) override;
  Task<Result<api::Applied>> set_forwarding(std::string user, api::Forwarding forwarding) override;
  Task<Result<std::vector<std::string>>> delegates(std::string user) override;
  Task<Result<api::Applied>> set_delegates(std::string user, std::vector<std::string> delegates) override;
};

/// One user, u@example.test with "right", and one node that offers IMAP and submission.
class ClientsInMemory final : public api::ClientControl {
 public:
  std::string last_login;   ///< with the address it came from
  std::string last_served;  ///< for whom a server was asked for
  bool is_reachable = true;

  bool is_balancer(std::string_view peer_address) const override;
  Task<Result<void>> log_in(std::string login, std::string password, std::string client_address,
                            std::string protocol) override;
  Task<Result<std::string>> look_up(std::string key) override;
  Task<Result<api::MailServer>> server_for(std::string address, std::string service) override;
  Task<Result<api::ClientSettings>> client_settings(std::string domain) override;
};

/// An audit log of five entries, 1 to 5; tokens and app passwords by name; one session at most.
class AccessInMemory final : public api::AccessControl {
 public:
  std::map<std::string, api::TokenRow> tokens_made;
  std::map<std::string, api::AppPasswordRow> passwords_made;
  std::map<std::string, std::string> admin_passwords = {{"admin", "secret"}};
  std::string last;  ///< what was changed last
  api::Principal acting;
  std::string session_secret;  ///< empty: none

  Task<Result<std::vector<api::AuditRow>>> audit(std::uint64_t before, std::uint32_t rows_max) override;
  Task<Result<api::Applied>> set_role(std::string address, api::Role role) override;
  Task<Result<std::vector<api::TokenRow>>> tokens() override;
  Task<Result<api::AddedToken>> add_token(std::string name, api::Role role,
                                          std::chrono::seconds expires_after) override;
  Task<Result<api::Applied>> remove_token(std::string name) override;
  Task<Result<std::vector<api::JoinTokenRow>>> join_tokens() override;
  Task<Result<api::Applied>> remove_join_token(std::string id) override;
  Task<Result<std::vector<api::AdminRow>>> admins() override;
  Task<Result<api::Applied>> add_admin(std::string name, std::string password) override;
  Task<Result<api::Applied>> set_admin_password(std::string name, std::string password) override;
  Task<Result<api::Applied>> remove_admin(std::string name) override;
  Task<Result<std::vector<api::AppPasswordRow>>> app_passwords(std::string address) override;
  Task<Result<api::AddedAppPassword>> add_app_password(std::string address, std::string name,
                                                       std::vector<std::string> protocols) override;
  Task<Result<api::Applied>> remove_app_password(std::string address, std::string name) override;
  Task<Result<api::NewSession>> begin_session() override;
  Task<Result<api::Principal>> session(std::string secret) override;
  Task<Result<api::Applied>> end_session(std::string secret) override;
  std::vector<api::SessionRow> sessions_open;
  Task<Result<std::vector<api::SessionRow>>> sessions(std::string account) override;
  Task<Result<api::Applied>> remove_session(std::string id) override;
  [[nodiscard]] std::string session_id(std::string_view secret) const override;

 private:
  api::Principal session_of_;
};

/// One user with settings, and what was applied.
class ConfigInMemory final : public api::ConfigControl {
 public:
  std::vector<api::ConfigVersion> versions;
  Task<Result<std::vector<api::UserSettings>>> user_settings(api::PageQuery page) override;
  Task<Result<std::vector<api::ConfigVersion>>> config_versions() override;
  Task<Result<api::Applied>> add_config_version(std::string diff) override;
};

/// Answers in a map; a quota that tests set.
class RequestsInMemory final : public api::RequestControl {
 public:
  std::map<Bytes, api::KeptAnswer> answers;
  std::optional<api::Quota> by_address, by_principal;
  std::string last_principal;

  std::optional<api::Quota> take_request(const std::string& address, const std::string& principal) override;
  Task<Result<api::KeptAnswer>> kept_answer(Bytes id) override;
  Task<Result<void>> begin_request(Bytes id, Bytes request) override;
  Task<Result<void>> keep_answer(Bytes id, api::KeptAnswer answer) override;
};

/// Two messages that wait, and one death.
class OverviewInMemory final : public api::OverviewControl {
 public:
  explicit OverviewInMemory(const NodeId& node) : node_(node) {}
  Task<Result<api::QueueSummary>> queue_summary() override;
  Task<Result<api::ChronicleAnswer>> chronicle() override;

 private:
  const NodeId& node_;
};

class GridInMemory final : public api::GridControl {
 public:
  GridInMemory();

  bool is_ready = true;
  std::string drained;        ///< the one verb that knows a trial
  std::string last_movement;  ///< the last verb of movement with its arguments
  api::Settings grid_settings{2, 2, "postmaster", 30};
  std::map<std::string, std::string> passwords;  ///< of users
  std::size_t passwords_max = SIZE_MAX;          ///< many that would be more make a request fail as a whole
  std::map<std::string, api::RouteRow> routes_set;
  NodeId first, second;

  api::Actor actor;  ///< in whose name something was done last

  /// "secret" of admin, viewer@example.test, operator@example.test and user@example.test.
  Task<Result<api::Principal>> authenticate(std::string user, std::string password,
                                            std::string peer) override;
  Task<Result<api::Principal>> authenticate_token(std::string token) override;
  Result<api::Role> role_of_token = api::Role::admin;  ///< of "the-token"
  std::shared_ptr<api::GridControl> acting_as(api::Actor who) override;
  /// Everything has the version "v1".
  Task<Result<std::shared_ptr<api::GridControl>>> acting_if(api::Actor who, api::Resource resource,
                                                            api::Precondition condition) override;
  api::Resource last_resource{api::Resource::Kind::settings, {}};
  Task<Result<api::GridStatus>> status() override;
  Task<Result<std::vector<api::SlotPlacement>>> slots() override;
  Task<bool> started() override;
  Task<std::vector<api::ReadinessCheck>> readiness() override;
  Task<std::string> metrics() override;
  Task<Result<FigureReport>> figures(FigureWindow window) override;
  Task<Result<api::Begun>> drain(std::string node) override;
  Task<Result<void>> undrain(std::string node) override;
  Task<Result<api::Begun>> remove_node(std::string node) override;
  Task<Result<api::Begun>> replace_node(std::string node, std::string successor) override;
  Task<Result<api::Begun>> set_weight(std::string node, std::uint32_t weight) override;
  Task<Result<api::Begun>> set_zone(std::string node, std::string zone) override;
  Task<Result<api::Begun>> maintain(std::string node, std::chrono::seconds duration) override;
  Task<Result<api::Settings>> settings() override;
  Task<Result<api::Settings>> change_settings(api::SettingsWish wish) override;
  Task<Result<void>> begin_scrub() override;
  std::size_t jobs_asked = 0;  ///< the one job is over after a few looks
  Task<Result<std::vector<api::JobRow>>> jobs() override;
  Task<Result<void>> pause_job(std::string id, bool paused) override;
  Task<Result<api::JoinToken>> join_token(std::chrono::seconds ttl) override;
  /// "v1" of what is there.
  Task<Result<std::string>> version_of(api::Resource resource) override;
  Task<Result<api::AddedUser>> add_user(api::NewUser user) override;
  Task<std::vector<Result<api::AddedUser>>> add_users(std::vector<api::NewUser> users) override;
  Task<Result<std::vector<api::UserRow>>> users(api::PageQuery page) override;
  Task<Result<api::UserDetails>> user(std::string address) override;
  Task<Result<api::Applied>> set_password(std::string address, std::string password) override;
  Task<Result<api::Applied>> remove_user(std::string address) override;
  Task<Result<api::SlotPlacement>> locate_user(std::string address) override;
  Task<Result<api::Applied>> add_domain(std::string name) override;
  Task<Result<std::vector<api::DomainRow>>> domains(api::PageQuery page) override;
  Task<Result<api::DomainRow>> domain(std::string name) override;
  Task<Result<api::Applied>> remove_domain(std::string name) override;
  Task<Result<api::Applied>> add_alias(std::string address, std::string target) override;
  Task<Result<api::Applied>> set_alias(std::string address, std::string target) override;
  Task<Result<std::vector<api::AliasRow>>> aliases(api::PageQuery page) override;
  Task<Result<api::AliasRow>> alias(std::string address) override;
  Task<Result<api::Applied>> remove_alias(std::string address) override;
  Task<Result<std::vector<api::QueueRow>>> queue(api::QueueQuery query) override;
  Task<Result<void>> act_on_queued(std::string id, api::QueueAction action) override;
  Task<Result<api::QueueActed>> act_on_queue(api::QueueAction action, api::QueueChoice choice,
                                             SlotId from_slot) override;
  std::string queue_asked;  ///< the last question, or order, about the queue
  Task<Result<api::StatisticsAnswer>> statistics(api::StatisticsQuery query) override;
  api::StatisticsQuery statistics_asked;
  Task<Result<api::TraceAnswer>> trace(std::string what) override;
  Task<Result<std::vector<api::RouteRow>>> routes() override;
  Task<Result<api::RouteRow>> route(std::string domain) override;
  Task<Result<api::Applied>> set_route(api::RouteRow route) override;
  Task<Result<api::Applied>> remove_route(std::string domain) override;
  Task<Result<std::vector<api::CertificateRow>>> certificates() override;
  Task<Result<api::Applied>> put_certificate(std::string chain, std::string key) override;
  Task<Result<api::Applied>> remove_certificate(std::string name) override;
  DomainsInMemory domains_in_memory;
  api::DomainControl& domains_of_grid() override { return domains_in_memory; }
  ClientsInMemory clients_in_memory;
  api::ClientControl& clients_of_grid() override { return clients_in_memory; }
  AccessInMemory access_in_memory;
  api::AccessControl& access_of_grid() override { return access_in_memory; }
  OverviewInMemory overview_in_memory{second};
  api::OverviewControl& overview_of_grid() override { return overview_in_memory; }
  ConfigInMemory config_in_memory;
  api::ConfigControl& config_of_grid() override { return config_in_memory; }
  RequestsInMemory requests_in_memory;
  api::RequestControl& requests_of_grid() override { return requests_in_memory; }
  Task<Result<api::KeyStatus>> keys() override;
  Task<Result<api::KeyStatus>> rotate_key() override;

 private:
  [[nodiscard]] api::SlotPlacement placement(std::variant<SlotId, api::DirectorySlot> slot) const;
};

}  // namespace gridmail::testing
