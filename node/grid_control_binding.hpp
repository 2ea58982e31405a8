// GridControlBinding: the HTTP API's GridControl bound to a node: its core, its mail services, its store.
#pragma once
#include <atomic>
#include <functional>

#include "node/access_control_binding.hpp"
#include "node/api/grid_control.hpp"
#include "node/audit_note.hpp"
#include "node/canary.hpp"
#include "node/client_control_binding.hpp"
#include "node/config.hpp"
#include "node/config_control_binding.hpp"
#include "node/domain_control_binding.hpp"
#include "node/figures/figure_service.hpp"
#include "node/grid/mail_services.hpp"
#include "node/job_board.hpp"
#include "node/movement_check.hpp"
#include "node/overview_control_binding.hpp"
#include "node/request_control_binding.hpp"
#include "node/services/certificates/certificate_admin.hpp"
#include "node/statistics/statistics_service.hpp"
#include "storage/local/rocksdb_store.hpp"

namespace gridmail {

/// What is wrong with the grid as this node sees it, a sentence each, and how bad that is.
struct Health {
  api::Verdict verdict = api::Verdict::healthy;
  std::vector<std::string> reasons;
  void say(api::Verdict how_bad, std::string reason);
};

/// Thread-safe; its only state of its own is what it has seen of the jobs, which those that act in somebody's
/// name share. The parts outlive it.
class GridControlBinding final : public api::GridControl {
 public:
  struct Parts {
    GridCore& core;
    MailServices& mail;
    CertificateAdmin& certificates;
    Clock& clock;
    Random& random;
    RocksDbStore& store;
    const NodeConfig& config;
    RecordSearch& dns;
    FigureService& figures;
    StatisticsService& statistics;
    ChronicleService& chronicle;
    const ListenerBook& listeners;
    std::function<bool()> stopping;
  };
  explicit GridControlBinding(Parts parts);
  /// The listeners are up.
  void set_started() { state_->started = true; }
  /// A newer map was taken in: keeps the jobs' progress.
  void on_map(const MapPtr& map);
  /// Before the first request.
  void count_sessions(std::function<std::map<std::string, std::size_t>()> sessions) {
    state_->sessions = std::move(sessions);
  }
  /// Before the first request. Of the certificate that this node's configuration names, if it does.
  void know_own_certificate(std::function<std::optional<CertificateFacts>()> facts) {
    state_->own_certificate = std::move(facts);
  }
  /// Whether somebody has asked for readiness within that time: a balancer.
  [[nodiscard]] bool is_probed(Duration within) const;
  /// Whether it was heard of in the last seconds: may be given primaries.
  [[nodiscard]] bool is_alive(NodeId node) const;

  [[nodiscard]] Task<Result<api::Principal>> authenticate(std::string user, std::string password,
                                                          std::string peer_address) override;
  [[nodiscard]] Task<Result<api::Principal>> authenticate_token(std::string token) override;
  [[nodiscard]] std::shared_ptr<api::GridControl> acting_as(api::Actor actor) override;
  [[nodiscard]] Task<Result<std::shared_ptr<api::GridControl>>> acting_if(
      api::Actor actor, api::Resource resource, api::Precondition condition) override;

  // grid_control_status.cpp
  [[nodiscard]] Task<Result<api::GridStatus>> status() override;
  [[nodiscard]] Task<Result<std::vector<api::SlotPlacement>>> slots() override;
  [[nodiscard]] Task<bool> started() override { co_return state_->started.load(); }
  [[nodiscard]] Task<std::vector<api::ReadinessCheck>> readiness() override;
  [[nodiscard]] Task<std::string> metrics() override;
  [[nodiscard]] Task<Result<FigureReport>> figures(FigureWindow window) override;

  // grid_control_movement.cpp
  [[nodiscard]] Task<Result<api::Begun>> drain(std::string node) override;
  [[nodiscard]] Task<Result<void>> undrain(std::string node) override;
  [[nodiscard]] Task<Result<api::Begun>> remove_node(std::string node) override;
  [[nodiscard]] Task<Result<api::Begun>> replace_node(std::string node, std::string successor) override;
  [[nodiscard]] Task<Result<api::Begun>> set_weight(std::string node, std::uint32_t weight) override;
  [[nodiscard]] Task<Result<api::Begun>> set_zone(std::string node, std::string zone) override;
  [[nodiscard]] Task<Result<api::Begun>> maintain(std::string node, std::chrono::seconds duration) override;
  [[nodiscard]] Task<Result<api::Settings>> settings() override;
  [[nodiscard]] Task<Result<api::Settings>> change_settings(api::SettingsWish wish) override;
  [[nodiscard]] Task<Result<void>> begin_scrub() override;
  [[nodiscard]] Task<Result<std::vector<api::JobRow>>> jobs() override;
  [[nodiscard]] Task<Result<void>> pause_job(std::string id, bool paused) override;

  [[nodiscard]] Task<Result<api::JoinToken>> join_token(std::chrono::seconds ttl) override;

  [[nodiscard]] Task<Result<std::string>> version_of(api::Resource resource) override;
  [[nodiscard]] Task<Result<api::AddedUser>> add_user(api::NewUser user) override;
  [[nodiscard]] Task<std::vector<Result<api::AddedUser>>> add_users(std::vector<api::NewUser> users) override;
  [[nodiscard]] Task<Result<std::vector<api::UserRow>>> users(api::PageQuery page) override;
  [[nodiscard]] Task<Result<api::UserDetails>> user(std::string address) override;
  [[nodiscard]] Task<Result<api::Applied>> set_password(std::string address, std::string password) override;
  [[nodiscard]] Task<Result<api::Applied>> remove_user(std::string address) override;
  [[nodiscard]] Task<Result<api::SlotPlacement>> locate_user(std::string address) override;

  [[nodiscard]] Task<Result<api::Applied>> add_domain(std::string name) override;
  [[nodiscard]] Task<Result<std::vector<api::DomainRow>>> domains(api::PageQuery page) override;
  [[nodiscard]] Task<Result<api::DomainRow>> domain(std::string name) override;
  [[nodiscard]] Task<Result<api::Applied>> remove_domain(std::string name) override;

  [[nodiscard]] Task<Result<api::Applied>> add_alias(std::string address, std::string target) override;
  [[nodiscard]] Task<Result<api::Applied>> set_alias(std::string address, std::string target) override;
  [[nodiscard]] Task<Result<std::vector<api::AliasRow>>> aliases(api::PageQuery page) override;
  [[nodiscard]] Task<Result<api::AliasRow>> alias(std::string address) override;
  [[nodiscard]] Task<Result<api::Applied>> remove_alias(std::string address) override;

  [[nodiscard]] Task<Result<std::vector<api::QueueRow>>> queue(api::QueueQuery query) override;
  [[nodiscard]] Task<Result<void>> act_on_queued(std::string id, api::QueueAction action) override;
  [[nodiscard]] Task<Result<api::QueueActed>> act_on_queue(api::QueueAction action, api::QueueChoice choice,
                                                           SlotId from_slot) override;

  // grid_control_statistics.cpp
  [[nodiscard]] Task<Result<api::StatisticsAnswer>> statistics(api::StatisticsQuery query) override;

  [[nodiscard]] Task<Result<api::TraceAnswer>> trace(std::string what) override;

  // grid_control_routes.cpp
  [[nodiscard]] Task<Result<std::vector<api::RouteRow>>> routes() override;
  [[nodiscard]] Task<Result<api::RouteRow>> route(std::string domain) override;
  [[nodiscard]] Task<Result<api::Applied>> set_route(api::RouteRow route) override;
  [[nodiscard]] Task<Result<api::Applied>> remove_route(std::string domain) override;
  // grid_control_certificates.cpp
  [[nodiscard]] Task<Result<std::vector<api::CertificateRow>>> certificates() override;
  [[nodiscard]] Task<Result<api::Applied>> put_certificate(std::string chain, std::string key) override;
  [[nodiscard]] Task<Result<api::Applied>> remove_certificate(std::string name) override;

  [[nodiscard]] api::DomainControl& domains_of_grid() override { return domains_; }
  [[nodiscard]] api::ClientControl& clients_of_grid() override { return state_->clients; }
  [[nodiscard]] api::AccessControl& access_of_grid() override { return access_; }
  [[nodiscard]] api::ConfigControl& config_of_grid() override { return config_; }
  [[nodiscard]] api::OverviewControl& overview_of_grid() override { return state_->overview; }
  [[nodiscard]] api::RequestControl& requests_of_grid() override { return state_->requests; }

  // grid_control_keys.cpp
  [[nodiscard]] Task<Result<api::KeyStatus>> keys() override;
  [[nodiscard]] Task<Result<api::KeyStatus>> rotate_key() override;

 private:
  struct State {
    explicit State(const Parts& parts);
    ClientControlBinding clients;
    Canary canary;
    RequestControlBinding requests;
    OverviewControlBinding overview;
    std::function<std::map<std::string, std::size_t>()> sessions;  ///< by listener
    std::function<std::optional<CertificateFacts>()> own_certificate;
    std::atomic<bool> started{false};
    std::atomic<TimePoint> last_probe{TimePoint{Duration::min() / 2}};
    JobBoard jobs;
  };
  /// What changes are made on condition of.
  struct Expected {
    std::optional<directory::ExpectedRecord> record;
    std::optional<std::string> settings;  ///< those in the map, as version_of_settings()
  };
  GridControlBinding(Parts parts, std::shared_ptr<State> state, api::Principal who,
                     const directory::Actor& actor, Expected expected, std::shared_ptr<api::Trial> trial);
  [[nodiscard]] std::shared_ptr<api::GridControl> acting(api::Actor actor, Expected expected) const;

  // grid_control_trial.cpp: every change of the map and every note goes this way, so that none is made in a
  // trial (api::Trial). Those of the directory are seen to by DirectoryClient::trying().
  /// Has the map changed, as far as that can be; in a trial only works out what it would become. Errors: no
  /// map, and those of the register.
  [[nodiscard]] Task<Result<MapPtr>> propose(MapChange change);
  /// In the name of who acts (node/audit_note.hpp).
  [[nodiscard]] Task<void> note(AuditNote note);
  [[nodiscard]] Task<void> tell_user_removal(std::string address);
  [[nodiscard]] Task<Result<void>> try_on_queued(std::string id, api::QueueAction action);
  [[nodiscard]] Task<Result<void>> try_on_queue(api::QueueAction action, api::QueueChoice choice);
  /// In the statistics; `known` says whether the password was right, and any other error counts nothing.
  [[nodiscard]] Task<void> count_log_in(Result<KnownAccount> known, std::string login);
  [[nodiscard]] Task<Result<Bytes>> statistics_subject(api::StatisticsQuery query);
  [[nodiscard]] Task<std::string> subject_name(gridmail::statistics::Question::By by, Bytes subject);
  [[nodiscard]] Task<Result<void>> act_on_entry(std::string id, api::QueueAction action);
  [[nodiscard]] Task<std::vector<api::QueueRow>> intake_rows(api::QueueChoice choice);
  /// Those of the directory, and this node's own. Nothing while the directory cannot be read.
  [[nodiscard]] Task<Result<std::vector<CertificateRow>>> shown_certificates();
  /// What there is to say of them; nothing while the directory cannot be read.
  [[nodiscard]] Task<std::vector<std::string>> certificate_notices();
  [[nodiscard]] Task<Result<api::ScrubStatus>> scrub_status();
  // grid_health.cpp
  /// `lost_here`: slots of which this node's disk has lost records.
  [[nodiscard]] Health health(const Map& map, std::size_t lost_here) const;
  void judge_map(const Map& map, Health& health) const;
  void judge_disks(const Map& map, std::size_t lost_here, Health& health) const;
  void judge_clocks(const Map& map, Health& health) const;
  [[nodiscard]] api::Liveness liveness_of(const MembershipView& view, NodeId node) const;
  [[nodiscard]] Result<Member> find_member(const std::string& name_or_id) const;
  /// Has these records agreed, as long as nobody changed them since `map`, and notes who did it by which
  /// verb. What must be true of the map, others' changes included, is looked at again once it is agreed, and
  /// where it is not all is as before. Errors: conflict.
  using MapCheck = std::function<Result<void>(const Map&)>;
  [[nodiscard]] Task<Result<void>> change_members(MapPtr map, std::vector<Member> members, std::string verb,
                                                  MapCheck still_right = {});
  [[nodiscard]] Result<void> check(const Map& map, const std::vector<Member>& members) const;
  /// Whether the node may be away by plan.
  [[nodiscard]] Result<void> check_maintenance(const Map& map, NodeId node) const;
  [[nodiscard]] Task<Result<void>> change_map_settings(const api::SettingsWish& wish);
  /// Errors: invalid; conflict where copies do not fit.
  [[nodiscard]] Result<MapChange> settings_change(const Map& map, const api::SettingsWish& wish) const;
  /// Made while the map's settings are those of `map`; otherwise the map that is. Nothing: it is made.
  [[nodiscard]] Task<Result<MapPtr>> try_map_settings(const Map& map, const api::SettingsWish& wish);
  /// What version_of() adds for the settings that are in the map.
  [[nodiscard]] static std::string version_of_settings(const GridSettings& settings);
  [[nodiscard]] DiskFiguresByNode disks() const;

  Parts parts_;
  std::shared_ptr<State> state_;
  const directory::Actor actor_;
  const std::optional<std::string> expected_settings_;
  std::shared_ptr<api::Trial> trial_;  ///< empty: what is asked is done
  std::shared_ptr<Administration> as_;
  DomainControlBinding domains_;
  AccessControlBinding access_;
  ConfigControlBinding config_;
};

/// Whether the node was heard of in the last seconds.
[[nodiscard]] bool is_alive_in(GridCore& core, NodeId node);

/// As the audit log says them.
[[nodiscard]] std::string verb_of(api::QueueAction action);
[[nodiscard]] std::string description(const api::QueueChoice& choice);

/// One row of the map for people: retired copies whole and partial.
[[nodiscard]] api::SlotPlacement placement_of(const Map& map, SlotId slot);

}  // namespace gridmail
