// GridControl: what the HTTP API needs from the grid, and the values it speaks in. node/node binds it to
// membership, register, directory and queue; tests bind it to a grid in memory.
//
// Thread-safe: every request calls it on a strand of its own. Errors common to all calls: unavailable,
// timed_out, cancelled. A call that changes something is applied at most once; `unavailable` leaves its
// outcome unknown.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gossip/register/map.hpp"
#include "node/api/principal.hpp"
#include "node/base/clock.hpp"
#include "node/base/ids.hpp"
#include "node/base/result.hpp"
#include "node/base/store.hpp"
#include "node/figures/figure_rings.hpp"

namespace gridmail {
struct FigureReport;
}

namespace gridmail::api {

/// Which part of a list: `limit` rows at most, those whose key follows `after`; empty: from the beginning.
struct PageQuery {
  std::string after;
  std::uint32_t limit = 1000;
};

/// What is shown and changed one at a time.
struct Resource {
  enum class Kind : std::uint8_t { user, domain, alias, list, route, settings } kind;
  std::string name;  ///< of settings: empty
};

/// What a resource must be when a change is made.
struct Precondition {
  std::vector<std::string> versions;  ///< it has one of these; none given: it is there
  bool negated = false;               ///< not so
};

/// How the grid does, as this node sees it.
enum class Verdict : std::uint8_t {
  healthy,
  degraded,     ///< all is served, but something has fewer copies than it should
  unavailable,  ///< some slot, or the map, cannot be changed now
};

/// SWIM's opinion of a node.
enum class Liveness : std::uint8_t { alive, suspect, dead };

struct NodeRow {
  NodeId id;
  std::string name;
  Liveness liveness = Liveness::alive;
  MemberState member_state = MemberState::active;
  std::string zone;
  std::uint32_t weight = 0;
  std::vector<std::string> addresses;  ///< of the peer listener
  std::string version;                 ///< of the program; empty when not known yet
  bool is_voter = false;
  WallMicros maintenance_until = 0;  ///< 0: none
  MapVersion map_version = 0;        ///< it has said that it has; 0: nothing heard yet
  double load = 0;                   ///< 0 idle … 1 busy
  std::uint64_t disk_free_bytes = 0;
};

/// How a node looks for records that its disk cannot give back, and for copies that differ.
struct ScrubStatus {
  std::uint64_t slots_due = 0;      ///< primaries here that the present round has not been through
  std::uint64_t slots_waiting = 0;  ///< of these, for their other copies, once a round asked for is over
  std::optional<SlotId> slot;       ///< under way
  WallMicros oldest = 0;            ///< when the slot longest ago was gone through; 0: one never was
  std::uint64_t keys = 0, bytes = 0, mended = 0;  ///< since the node started
  struct Key {
    SlotId slot = 0;
    std::string key;  ///< hex
    WallMicros at = 0;
  };
  std::vector<Key> last_mended;  ///< a few
  struct Lost {
    SlotId slot = 0;
    std::string what;
  };
  /// Records that this node's disk has lost, by slot, until it has them again.
  std::vector<Lost> lost;
};

struct GridStatus {
  Verdict verdict = Verdict::unavailable;
  std::vector<std::string> reasons;  ///< a sentence each; empty when healthy
  std::vector<std::string> notices;  ///< what wants doing but takes nothing from anybody yet
  std::string grid_id;               ///< hex
  NodeId this_node;
  MapVersion map_version = 0;
  std::uint32_t slots = 0;
  std::uint32_t copies = 0, copies_min = 0;
  std::vector<NodeRow> nodes;  ///< by name
  ScrubStatus scrub;           ///< of this node
};

/// How far the rotation of the gossip keys is, and who has taken part.
struct KeyStatus {
  KeyPhase phase = KeyPhase::settled;
  std::vector<std::string> keys;  ///< fingerprints, not the keys; the first one seals
  MapVersion since = 0;           ///< the map version that brought these keys
  struct Node {
    NodeId id;
    std::string name;
    Liveness liveness = Liveness::alive;
    bool has_keys = false;  ///< it has said that it has that map
  };
  std::vector<Node> nodes;  ///< by name
};

/// A certificate that all nodes show to who asks for one of its names.
struct CertificateRow {
  std::string name;                ///< the first of its DNS names
  std::vector<std::string> names;  ///< all of them
  std::string issuer;
  WallMicros not_before = 0, not_after = 0;
  std::string fingerprint;  ///< SHA-256, hex
  WallMicros created = 0;   ///< here
};

struct DirectorySlot {};
/// One row of the map.
struct SlotPlacement {
  std::variant<SlotId, DirectorySlot> slot;
  Epoch epoch = 0;
  std::optional<NodeId> primary;
  std::vector<NodeId> in_sync, joining, retired;
};

/// What a change of the directory did not reach within 5 s (design, section 3): empty when every live member
/// has it.
struct Applied {
  std::vector<NodeId> not_yet_on;
};

struct UserRow {
  UserId id;
  std::string address;
  WallMicros created = 0;
  Role role = Role::user;
};
struct UserDetails {
  UserRow user;
  std::vector<std::string> aliases;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  bool usage_known = false;  ///< false while the user's slot is unavailable
  std::vector<std::pair<std::string, WallMicros>> last_log_ins = {};  ///< by protocol
};
/// One of the two is empty.
struct NewUser {
  std::string address;
  std::string password;
  std::string password_hash;  ///< of crypt(3), from another mail server
};
struct AddedUser {
  UserId id;
  Applied applied;
};
struct DomainRow {
  std::string name;
  std::uint64_t users = 0;
  std::string alias_of = {};   ///< not empty: another name of that domain
  std::string catch_all = {};  ///< who gets what is for nobody; empty: nobody
};
struct AliasRow {
  std::string address;
  std::string target;
};
struct QueueRow {
  std::string id;                       ///< hex
  std::string sender;                   ///< empty: <>
  std::vector<std::string> recipients;  ///< those not yet done
  std::uint64_t bytes = 0;
  WallMicros accepted = 0;
  WallMicros next_attempt = 0;  ///< 0: at once, or not known
  std::uint32_t attempts = 0;
  std::string last_error;
  bool held = false;
  bool is_intake = false;  ///< waits at a node for its slot
};
/// Which way a domain's mail goes.
struct RouteRow {
  std::string domain;
  std::string via;  ///< "mx", "smtp:HOST:PORT" or "lmtp:HOST:PORT"
  bool tls_required = false;
};
/// One thing that became of a message.
struct TraceRow {
  WallMicros at = 0;
  NodeId node;             ///< where it was noted
  std::string what;        ///< such as "delivered"
  std::string connection;  ///< that it came by, as the node's log names it; of "received" only
  std::string id, entry, message_id, sender;
  std::vector<std::string> recipients;
  std::string host, detail;
};
struct TraceAnswer {
  std::vector<TraceRow> events;  ///< by time
  std::vector<NodeId> silent;    ///< members that did not say in time what they know
};
/// Which of the queue; what is empty means any.
struct QueueChoice {
  std::string destination;  ///< a domain: any of the recipients waited for is there
  std::string sender;       ///< an address, or "<>": bounces
};
struct QueueQuery {
  QueueChoice choice;
  PageQuery page;  ///< keys are as of cursor_of()
};
/// Where a page that begins after this row begins.
[[nodiscard]] inline std::string cursor_of(const QueueRow& row) {
  return row.is_intake ? "intake-" + row.id : row.id;
}
enum class QueueAction : std::uint8_t { retry, hold, release, remove };
struct QueueActed {
  std::uint64_t entries = 0;
  std::optional<SlotId>
      next_slot;  ///< time was up: what is left, from this slot on, is to be asked for again
};

/// The grid-wide settings that can be changed online.
struct Settings {
  std::uint32_t copies = 0, copies_min = 0;
  std::string postmaster = {};   ///< the user who gets that mail; empty while the directory is unavailable
  std::uint32_t scrub_days = 0;  ///< within which everything stored is read and compared once; 0: never
  /// Of clients and users, such as "messages-per-user=500/1h"; "none"; empty: the directory is unavailable.
  std::string limits = {};
};
/// Those that are to be changed.
struct SettingsWish {
  std::optional<std::uint32_t> copies, copies_min;
  std::optional<std::string> postmaster;  ///< a user's address
  std::optional<std::uint32_t> scrub_days;
  std::optional<std::string> limits;  ///< all of them
};

enum class JobState : std::uint8_t { running, paused, waiting, done };
/// Something long that moves in the grid (node/jobs.hpp).
struct JobRow {
  std::string id;    ///< such as "remove-node3"
  std::string kind;  ///< drain, remove, replace, rebuild, copies, balance
  std::optional<NodeId> node;
  JobState state = JobState::running;
  std::string waits_for;  ///< of a waiting one
  std::size_t slots_total = 0, slots_done = 0;
  WallMicros begun = 0;  ///< when the answering node first saw it
  std::optional<WallMicros> ended;
  std::optional<std::int64_t> seconds_left;  ///< an estimate from the last minute; nothing while unknown
  std::vector<NodeId> run_by;                ///< the primaries of the slots left: no one of them matters
};
/// What a verb has set going; empty where it was done at once.
struct Begun {
  std::string job;
};

struct JoinToken {
  std::string token;
  WallMicros expires = 0;
};

/// Who used what how much, by day.
struct StatisticsQuery {
  enum class By : std::uint8_t { protocol, domain, user } by = By::protocol;
  std::uint32_t first_day = 0, last_day = 0;  ///< since 1970 UTC
  std::string of;                             ///< not empty: of this domain, or user's address, only
  std::string protocol;                       ///< not empty: by this one only
  PageQuery page;
};
struct StatisticsRow {
  std::string cursor;
  std::uint32_t day = 0;
  std::string subject;  ///< a domain, a user's address or, of one who is gone, id; empty: of all
  std::string protocol;
  std::uint64_t log_ins = 0, refused_log_ins = 0, bytes_in = 0, bytes_out = 0;
};
struct StatisticsAnswer {
  std::vector<StatisticsRow> rows;
  std::vector<NodeId> silent;  ///< members that did not say in time what they have counted
};

struct ReadinessCheck {
  std::string name;  ///< "map", "directory", "canary_write", "canary_read", "not_draining"
  bool passed = false;
  std::string detail;  ///< what is wrong, or how long it took
};

class DomainControl;
class ClientControl;
class AccessControl;
class ConfigControl;
class OverviewControl;
class RequestControl;

class GridControl {
 public:
  virtual ~GridControl() = default;

  // Who asks. Errors: denied.
  /// An administrator by name, or a user by address and own password.
  [[nodiscard]] virtual Task<Result<Principal>> authenticate(std::string user, std::string password,
                                                             std::string peer_address) = 0;
  [[nodiscard]] virtual Task<Result<Principal>> authenticate_token(std::string token) = 0;
  /// The same grid: what is done through it is written down as that person's doing. This one outlives it.
  [[nodiscard]] virtual std::shared_ptr<GridControl> acting_as(Actor actor) = 0;
  /// The same, whose changes fail with conflict and record_changed (storage/directory/record_condition.hpp)
  /// unless the condition holds when they are made. Errors: not_found, invalid; conflict.
  [[nodiscard]] virtual Task<Result<std::shared_ptr<GridControl>>> acting_if(Actor actor, Resource resource,
                                                                             Precondition condition) = 0;

  // What is. None of these waits for another node, unless it says so.
  [[nodiscard]] virtual Task<Result<GridStatus>> status() = 0;
  /// By number, the directory last.
  [[nodiscard]] virtual Task<Result<std::vector<SlotPlacement>>> slots() = 0;
  /// Whether start-up is over: the store is open and the listeners are up.
  [[nodiscard]] virtual Task<bool> started() = 0;
  /// Writes and reads a canary through the grid, bounded to 2 s; every check is listed, ready when all
  /// passed.
  [[nodiscard]] virtual Task<std::vector<ReadinessCheck>> readiness() = 0;
  /// Prometheus text format 0.0.4.
  [[nodiscard]] virtual Task<std::string> metrics() = 0;
  /// What all nodes that live did; waits 1 s for them.
  [[nodiscard]] virtual Task<Result<FigureReport>> figures(FigureWindow window) = 0;

  // Nodes, by name or hex id. Errors: not_found; conflict with the reason where it cannot work.
  [[nodiscard]] virtual Task<Result<Begun>> drain(std::string node) = 0;
  /// Ends draining, leaving and maintenance.
  [[nodiscard]] virtual Task<Result<void>> undrain(std::string node) = 0;
  /// Begins to move its copies away; the node is a member until that is done.
  [[nodiscard]] virtual Task<Result<Begun>> remove_node(std::string node) = 0;
  /// The same, with `successor` in its place: one that stored nothing is given the weight of `node`.
  [[nodiscard]] virtual Task<Result<Begun>> replace_node(std::string node, std::string successor) = 0;
  [[nodiscard]] virtual Task<Result<Begun>> set_weight(std::string node, std::uint32_t weight) = 0;
  [[nodiscard]] virtual Task<Result<Begun>> set_zone(std::string node, std::string zone) = 0;
  /// The node gives its primaries away, and may then be away so long without being rebuilt. 0 ends it.
  [[nodiscard]] virtual Task<Result<Begun>> maintain(std::string node, std::chrono::seconds duration) = 0;

  [[nodiscard]] virtual Task<Result<Settings>> settings() = 0;
  /// Changes what is given. Errors: invalid, conflict, not_found (no such user).
  [[nodiscard]] virtual Task<Result<Settings>> change_settings(SettingsWish wish) = 0;
  /// Goes through all slots whose primary this node is, now.
  [[nodiscard]] virtual Task<Result<void>> begin_scrub() = 0;

  [[nodiscard]] virtual Task<Result<std::vector<JobRow>>> jobs() = 0;
  /// By id. Errors: not_found; conflict for one that cannot be paused.
  [[nodiscard]] virtual Task<Result<void>> pause_job(std::string id, bool paused) = 0;
  [[nodiscard]] virtual Task<Result<JoinToken>> join_token(std::chrono::seconds ttl) = 0;

  /// Stands for the record as this node has it. Errors: not_found, invalid.
  [[nodiscard]] virtual Task<Result<std::string>> version_of(Resource resource) = 0;

  // Users, by address. Errors: not_found (no such user; not a domain of ours), already_exists, invalid (not
  // an address).
  [[nodiscard]] virtual Task<Result<AddedUser>> add_user(NewUser user) = 0;
  /// Many at once; an outcome for each, in their order.
  [[nodiscard]] virtual Task<std::vector<Result<AddedUser>>> add_users(std::vector<NewUser> users) = 0;
  /// By domain, then local part.
  [[nodiscard]] virtual Task<Result<std::vector<UserRow>>> users(PageQuery page) = 0;
  [[nodiscard]] virtual Task<Result<UserDetails>> user(std::string address) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> set_password(std::string address, std::string password) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> remove_user(std::string address) = 0;
  [[nodiscard]] virtual Task<Result<SlotPlacement>> locate_user(std::string address) = 0;

  [[nodiscard]] virtual Task<Result<Applied>> add_domain(std::string name) = 0;
  /// By name.
  [[nodiscard]] virtual Task<Result<std::vector<DomainRow>>> domains(PageQuery page) = 0;
  [[nodiscard]] virtual Task<Result<DomainRow>> domain(std::string name) = 0;
  /// Errors: conflict while users or aliases have addresses in it.
  [[nodiscard]] virtual Task<Result<Applied>> remove_domain(std::string name) = 0;

  [[nodiscard]] virtual Task<Result<Applied>> add_alias(std::string address, std::string target) = 0;
  /// Wherever it led before, if anywhere: there is no moment without it.
  [[nodiscard]] virtual Task<Result<Applied>> set_alias(std::string address, std::string target) = 0;
  /// By domain, then local part.
  [[nodiscard]] virtual Task<Result<std::vector<AliasRow>>> aliases(PageQuery page) = 0;
  [[nodiscard]] virtual Task<Result<AliasRow>> alias(std::string address) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> remove_alias(std::string address) = 0;

  /// By day, subject and protocol, of all nodes that answer; waits 2 s for them.
  [[nodiscard]] virtual Task<Result<StatisticsAnswer>> statistics(StatisticsQuery query) = 0;

  /// By slot and id; what waits at nodes for its slot comes first, with the beginning. Errors: invalid (no
  /// id).
  [[nodiscard]] virtual Task<Result<std::vector<QueueRow>>> queue(QueueQuery query) = 0;
  [[nodiscard]] virtual Task<Result<void>> act_on_queued(std::string id, QueueAction action) = 0;
  /// The same for all of these, in slots from `from_slot` on, as far as that goes in 10 s.
  [[nodiscard]] virtual Task<Result<QueueActed>> act_on_queue(QueueAction action, QueueChoice choice,
                                                              SlotId from_slot) = 0;

  /// What became of the messages that an id, a Message-ID or an address names, as all nodes noted it.
  [[nodiscard]] virtual Task<Result<TraceAnswer>> trace(std::string what) = 0;

  /// By domain.
  [[nodiscard]] virtual Task<Result<std::vector<RouteRow>>> routes() = 0;
  [[nodiscard]] virtual Task<Result<RouteRow>> route(std::string domain) = 0;
  /// Errors: invalid; conflict for a domain of this grid.
  [[nodiscard]] virtual Task<Result<Applied>> set_route(RouteRow route) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> remove_route(std::string domain) = 0;
  /// By name. Keys are never given out.
  [[nodiscard]] virtual Task<Result<std::vector<CertificateRow>>> certificates() = 0;
  /// PEM. Adds it or replaces the one of its first name. Errors: invalid.
  [[nodiscard]] virtual Task<Result<Applied>> put_certificate(std::string chain, std::string key) = 0;
  /// Errors: not_found.
  [[nodiscard]] virtual Task<Result<Applied>> remove_certificate(std::string name) = 0;

  /// What is about domains and mail (domain_control.hpp).
  [[nodiscard]] virtual DomainControl& domains_of_grid() = 0;
  /// What is about mail clients (client_control.hpp).
  [[nodiscard]] virtual ClientControl& clients_of_grid() = 0;
  /// Who may do what, and who did (access_control.hpp).
  [[nodiscard]] virtual AccessControl& access_of_grid() = 0;
  /// How many requests there may be, and what was answered before (request_control.hpp).
  [[nodiscard]] virtual RequestControl& requests_of_grid() = 0;
  /// What lies in many places, put together (overview_control.hpp).
  [[nodiscard]] virtual OverviewControl& overview_of_grid() = 0;
  /// The configuration as a whole (config_control.hpp).
  [[nodiscard]] virtual ConfigControl& config_of_grid() = 0;

  [[nodiscard]] virtual Task<Result<KeyStatus>> keys() = 0;
  /// Begins to replace the gossip key: installed, used, and the old one removed, each as soon as every living
  /// node has followed. While that is under way it is not begun again.
  [[nodiscard]] virtual Task<Result<KeyStatus>> rotate_key() = 0;
};

}  // namespace gridmail::api
