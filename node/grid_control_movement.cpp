// What moves: drain, undrain, remove, replace, weights, zones, maintenance, settings, and the jobs they
// become.
#include <fmt/format.h>

#include <algorithm>

#include "gossip/placement/planner.hpp"
#include "node/grid_control_binding.hpp"
#include "storage/directory/record_condition.hpp"

namespace gridmail {
namespace {

constexpr auto alive_within = std::chrono::seconds(2);
constexpr int settings_attempts_max = 5;

Error no_grid() {
  return {Errc::unavailable, "this node is in no grid"};
}

Result<Member> member_of(const Map& map, const std::string& name_or_id) {
  for (const auto& member : map.members) {
    if (member.name == name_or_id || member.id.hex() == name_or_id) return member;
  }
  return fail(Errc::not_found, "no node " + name_or_id);
}

std::string job_id(JobKind kind, const Member& member) {
  return fmt::format("{}-{}", name_of(kind), member.name);
}

}  // namespace

DiskFiguresByNode GridControlBinding::disks() const {
  DiskFiguresByNode disks;
  for (const auto& [node, state] : parts_.core.loads().disks()) {
    disks[node] = {state.stored_bytes, state.free_bytes};
  }
  return disks;
}

bool is_alive_in(GridCore& core, NodeId node) {
  return core.leases().is_alive(node, alive_within);
}

bool GridControlBinding::is_alive(NodeId node) const {
  return is_alive_in(parts_.core, node);
}

Task<Result<void>> GridControlBinding::change_members(MapPtr map, std::vector<Member> members,
                                                      std::string verb, MapCheck still_right) {
  MapChange change;
  for (const auto& member : members) change.members.push_back({member, *map->member(member.id)});
  const auto agreed = co_await propose(std::move(change));
  if (!agreed) co_return tl::unexpected(agreed.error());
  for (const auto& member : members) {
    const auto* now = (*agreed)->member(member.id);
    if (now == nullptr || *now != member) {
      co_return fail(Errc::conflict, "the node's record was changed by somebody else meanwhile; try again");
    }
  }
  auto right = still_right ? still_right(**agreed) : Result<void>{};
  if (!right) {
    MapChange back;
    for (const auto& member : members) back.members.push_back({*map->member(member.id), member});
    (void)co_await propose(std::move(back));
    co_return right;
  }
  for (const auto& member : members) {
    auto [before, after] = difference(*map->member(member.id), member);
    AuditNote entry{verb, member.name, std::move(before), std::move(after)};
    co_await note(std::move(entry));
  }
  co_return Result<void>{};
}

/// Whether the grid can hold all copies with these records.
Result<void> GridControlBinding::check(const Map& map, const std::vector<Member>& members) const {
  MapChange change;
  for (const auto& member : members) change.members.push_back({member});
  return check_copies_fit(map, apply(map, change), disks(), [this](NodeId node) { return is_alive(node); });
}

Task<Result<api::Begun>> GridControlBinding::drain(std::string node) {
  const auto map = parts_.core.map();
  if (!map) co_return tl::unexpected(no_grid());
  auto member = member_of(*map, node);
  if (!member) co_return tl::unexpected(member.error());
  if (member->state == MemberState::leaving) {
    co_return fail(Errc::conflict,
                   member->name + " is leaving: its copies move away, and its primaries with them");
  }
  const MapCheck may = [this, id = member->id](const Map& now) {
    return check_drain(now, id, [this](NodeId other) { return is_alive(other); });
  };
  if (auto fits = may(*map); !fits) co_return tl::unexpected(fits.error());
  member->state = MemberState::draining;
  std::vector<Member> records{*member};
  const auto done = co_await change_members(map, std::move(records), "node drain", may);
  if (!done) co_return tl::unexpected(done.error());
  co_return api::Begun{job_id(JobKind::drain, *member)};
}

Task<Result<void>> GridControlBinding::undrain(std::string node) {
  const auto map = parts_.core.map();
  if (!map) co_return tl::unexpected(no_grid());
  auto member = member_of(*map, node);
  if (!member) co_return tl::unexpected(member.error());
  member->state = MemberState::active;
  member->maintenance_until = 0;
  member->successor.reset();
  member->paused = false;
  std::vector<Member> records{*member};
  co_return co_await change_members(map, std::move(records), "node undrain");
}

Task<Result<api::Begun>> GridControlBinding::remove_node(std::string node) {
  const auto map = parts_.core.map();
  if (!map) co_return tl::unexpected(no_grid());
  auto member = member_of(*map, node);
  if (!member) co_return tl::unexpected(member.error());
  member->state = MemberState::leaving;
  member->maintenance_until = 0;
  const auto may = check(*map, {*member});
  if (!may) co_return tl::unexpected(may.error());
  std::vector<Member> records{*member};
  const auto done = co_await change_members(map, std::move(records), "node remove");
  if (!done) co_return tl::unexpected(done.error());
  co_return api::Begun{job_id(member->successor ? JobKind::replace : JobKind::remove, *member)};
}

Task<Result<api::Begun>> GridControlBinding::replace_node(std::string node, std::string successor) {
  const auto map = parts_.core.map();
  if (!map) co_return tl::unexpected(no_grid());
  auto old_member = member_of(*map, node);
  if (!old_member) co_return tl::unexpected(old_member.error());
  auto new_member = member_of(*map, successor);
  if (!new_member) co_return tl::unexpected(new_member.error());
  if (old_member->id == new_member->id) co_return fail(Errc::invalid, "a node cannot replace itself");
  if (new_member->state == MemberState::leaving) {
    co_return fail(Errc::conflict, new_member->name + " is leaving itself");
  }
  if (!is_alive(new_member->id)) co_return fail(Errc::conflict, new_member->name + " is silent");
  if (new_member->weight == 0) new_member->weight = old_member->weight;
  new_member->state = MemberState::active;
  old_member->state = MemberState::leaving;
  old_member->maintenance_until = 0;
  old_member->successor = new_member->id;
  const auto may = check(*map, {*old_member, *new_member});
  if (!may) co_return tl::unexpected(may.error());
  std::vector<Member> records{*old_member, *new_member};
  const auto done = co_await change_members(map, std::move(records), "node replace");
  if (!done) co_return tl::unexpected(done.error());
  co_return api::Begun{job_id(JobKind::replace, *old_member)};
}

Task<Result<api::Begun>> GridControlBinding::set_weight(std::string node, std::uint32_t weight) {
  const auto map = parts_.core.map();
  if (!map) co_return tl::unexpected(no_grid());
  auto member = member_of(*map, node);
  if (!member) co_return tl::unexpected(member.error());
  if (member->weight == weight) co_return api::Begun{};
  member->weight = weight;
  const auto may = check(*map, {*member});
  if (!may) co_return tl::unexpected(may.error());
  std::vector<Member> records{*member};
  const auto done = co_await change_members(map, std::move(records), "node weight");
  if (!done) co_return tl::unexpected(done.error());
  co_return api::Begun{std::string(name_of(JobKind::balance))};
}

Task<Result<api::Begun>> GridControlBinding::set_zone(std::string node, std::string zone) {
  const auto map = parts_.core.map();
  if (!map) co_return tl::unexpected(no_grid());
  auto member = member_of(*map, node);
  if (!member) co_return tl::unexpected(member.error());
  if (member->zone == zone) co_return api::Begun{};
  member->zone = std::move(zone);
  const auto may = check(*map, {*member});
  if (!may) co_return tl::unexpected(may.error());
  std::vector<Member> records{*member};
  const auto done = co_await change_members(map, std::move(records), "node zone");
  if (!done) co_return tl::unexpected(done.error());
  co_return api::Begun{std::string(name_of(JobKind::balance))};
}

Result<void> GridControlBinding::check_maintenance(const Map& map, NodeId node) const {
  for (const auto& other : map.members) {
    const bool away = other.maintenance_until != 0 || !is_alive(other.id);
    if (other.id == node || !other.stores() || !away) continue;
    return fail(Errc::conflict,
                fmt::format("{} is away already: slots that both hold would be unavailable", other.name));
  }
  const auto alive = [this](NodeId other) { return is_alive(other); };
  if (auto agrees = check_voters(map, node, alive); !agrees) return agrees;
  if (map.settings.copies < 2) return {};
  return check_drain(map, node, alive);
}

Task<Result<api::Begun>> GridControlBinding::maintain(std::string node, std::chrono::seconds duration) {
  const auto map = parts_.core.map();
  if (!map) co_return tl::unexpected(no_grid());
  auto member = member_of(*map, node);
  if (!member) co_return tl::unexpected(member.error());
  if (member->state == MemberState::leaving) co_return fail(Errc::conflict, member->name + " is leaving");
  MapCheck may;
  if (duration.count() > 0) {
    may = [this, id = member->id](const Map& now) { return check_maintenance(now, id); };
    if (auto fits = may(*map); !fits) co_return tl::unexpected(fits.error());
  }
  const auto micros = to_micros(duration);
  member->maintenance_until = duration.count() > 0 ? parts_.clock.wall() + micros : 0;
  std::vector<Member> records{*member};
  const auto done = co_await change_members(map, std::move(records), "node maintenance", may);
  if (!done) co_return tl::unexpected(done.error());
  co_return api::Begun{duration.count() > 0 ? job_id(JobKind::drain, *member) : std::string()};
}

// --- settings

Task<Result<api::Settings>> GridControlBinding::settings() {
  const auto map = parts_.core.map();
  if (!map) co_return tl::unexpected(no_grid());
  auto postmaster = co_await as_->users.postmaster();
  const auto record = co_await parts_.mail.view().settings();
  co_return api::Settings{map->settings.copies, map->settings.copies_min,
                          postmaster ? std::move(*postmaster) : std::string(), map->settings.scrub_days,
                          record ? record->limits() : std::string()};
}

/// What can be refused is looked at first, so that none of it is made where some of it cannot be.
Task<Result<api::Settings>> GridControlBinding::change_settings(api::SettingsWish wish) {
  const bool is_of_map = wish.copies || wish.copies_min || wish.scrub_days;
  const auto map = parts_.core.map();
  if (!map) co_return tl::unexpected(no_grid());
  if (is_of_map) {
    const auto fits = settings_change(*map, wish);
    if (!fits) co_return tl::unexpected(fits.error());
  }
  std::optional<LimitTable> limits;
  if (wish.limits) {
    const auto table = LimitTable::parse(*wish.limits);
    if (!table) co_return tl::unexpected(table.error());
    limits = *table;
  }
  if (wish.postmaster) {
    const auto named = co_await as_->users.set_postmaster(std::move(*wish.postmaster));
    if (!named) co_return tl::unexpected(named.error());
  }
  if (limits) {
    directory::Change change;
    change.mutable_set_limits()->set_limits(limits->text());
    // With the postmaster the record has changed as this request wanted it.
    auto client = wish.postmaster ? as_->directory.expecting({}) : as_->directory;
    const auto limited = co_await client.change(std::move(change));
    if (!limited) co_return tl::unexpected(limited.error());
  }
  if (is_of_map) {
    const auto changed = co_await change_map_settings(wish);
    if (!changed) co_return tl::unexpected(changed.error());
  }
  co_return co_await settings();
}

std::string GridControlBinding::version_of_settings(const GridSettings& settings) {
  const auto text = fmt::format("{} {} {}", settings.copies, settings.copies_min, settings.scrub_days);
  return to_hex(blake2b(text, 16).substr(0, 4));
}

Task<Result<void>> GridControlBinding::change_map_settings(const api::SettingsWish& wish) {
  auto map = parts_.core.map();
  if (!map) co_return tl::unexpected(no_grid());
  for (int attempt = 0; attempt < settings_attempts_max; ++attempt) {
    auto tried = co_await try_map_settings(*map, wish);
    if (!tried) co_return tl::unexpected(tried.error());
    if (!*tried) co_return Result<void>{};
    map = std::move(*tried);  // somebody else was faster
  }
  co_return fail(Errc::conflict, "the settings were changed by somebody else meanwhile");
}

Result<MapChange> GridControlBinding::settings_change(const Map& map, const api::SettingsWish& wish) const {
  GridSettings wanted = map.settings;
  wanted.copies = wish.copies.value_or(wanted.copies);
  wanted.scrub_days = wish.scrub_days.value_or(wanted.scrub_days);
  // Fewer copies can only be written to fewer.
  wanted.copies_min = wish.copies_min.value_or(std::min(wanted.copies_min, wanted.copies));
  if (wanted.copies_min > wanted.copies) {
    return fail(Errc::invalid,
                fmt::format("copies_min, {}, is more than copies, {}", wanted.copies_min, wanted.copies));
  }
  MapChange change;
  change.settings = SettingsChange{wanted, map.settings};
  const auto fits =
      check_copies_fit(map, apply(map, change), disks(), [this](NodeId node) { return is_alive(node); });
  if (!fits) return tl::unexpected(fits.error());
  return change;
}

Task<Result<MapPtr>> GridControlBinding::try_map_settings(const Map& map, const api::SettingsWish& wish) {
  if (expected_settings_ && version_of_settings(map.settings) != *expected_settings_)
    co_return fail(Errc::conflict, std::string(record_changed));
  auto change = settings_change(map, wish);
  if (!change) co_return tl::unexpected(change.error());
  const auto wanted = change->settings->settings;
  const auto agreed = co_await propose(std::move(*change));
  if (!agreed) co_return tl::unexpected(agreed.error());
  if (version_of_settings((*agreed)->settings) != version_of_settings(wanted)) co_return *agreed;
  auto [before, after] = difference(map.settings, wanted);
  AuditNote entry{"grid settings", "grid", std::move(before), std::move(after)};
  co_await note(std::move(entry));
  co_return MapPtr{};
}

// --- jobs

void GridControlBinding::on_map(const MapPtr& map) {
  const auto plan = parts_.core.slots().plan();
  std::vector<NodeSet> targets;
  if (plan && plan->placement.copies.size() == map->rows.size() && !map->settings.balance_paused) {
    targets = plan->placement.copies;
    for (std::size_t i = 0; i < targets.size();
         ++i) {  // a row changed since: the next plan says where it goes
      if (map->rows[i].epoch_since > plan->map->version) targets[i] = map->rows[i].in_sync;
    }
  } else {
    targets = plan_copies(*map);
  }
  const auto alive = [this](NodeId node) { return is_alive(node); };
  const auto full = [this](NodeId node) { return parts_.core.leases().is_full(node); };
  state_->jobs.look(jobs_of(*map, targets, alive, full), parts_.clock.now(), parts_.clock.wall());
}

Task<Result<std::vector<api::JobRow>>> GridControlBinding::jobs() {
  const auto map = parts_.core.map();
  if (!map) co_return tl::unexpected(no_grid());
  on_map(map);
  co_return state_->jobs.rows(parts_.clock.now());
}

Task<Result<void>> GridControlBinding::pause_job(std::string id, bool paused) {
  const auto rows = co_await jobs();
  if (!rows) co_return tl::unexpected(rows.error());
  const auto map = parts_.core.map();
  if (id == name_of(JobKind::balance)) {
    MapChange change;
    change.settings = SettingsChange{map->settings, map->settings};
    change.settings->settings.balance_paused = paused;
    const auto agreed = co_await propose(std::move(change));
    if (!agreed) co_return tl::unexpected(agreed.error());
    if ((*agreed)->settings.balance_paused != paused) co_return fail(Errc::conflict, "try again");
    auto [before, after] = difference(map->settings, (*agreed)->settings);
    AuditNote entry{paused ? "job pause" : "job resume", id, std::move(before), std::move(after)};
    co_await note(std::move(entry));
    co_return Result<void>{};
  }
  const auto job = std::find_if(rows->begin(), rows->end(), [&](const api::JobRow& row) {
    return row.id == id && row.state != api::JobState::done;
  });
  if (job == rows->end()) co_return fail(Errc::not_found, "no job " + id + " is running");
  if (!job->node) co_return fail(Errc::conflict, "what makes missing copies cannot be paused");
  Member member = *map->member(*job->node);
  member.paused = paused;
  std::vector<Member> records{member};
  co_return co_await change_members(map, std::move(records), paused ? "job pause" : "job resume");
}

}  // namespace gridmail
