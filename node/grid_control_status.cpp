// What is: status, slots, readiness, metrics.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "node/base/metrics.hpp"
#include "node/grid_control_binding.hpp"
#include "node/process_limits.hpp"
#include "node/version.hpp"

namespace gridmail {
namespace {

constexpr std::size_t lost_shown_max = 1000;
// Longer than the directory's failover, during which all nodes' replicas grow old: a balancer that then took
// all of them out would make a pause an outage.
constexpr Duration directory_age_unready = std::chrono::seconds(20);

std::string gauge_text(std::string_view name, std::string_view help, double value) {
  const auto text = std::isinf(value) ? std::string("+Inf") : fmt::format("{}", value);
  return fmt::format("# HELP gridmail_{0} {1}\n# TYPE gridmail_{0} gauge\ngridmail_{0} {2}\n", name, help,
                     text);
}

/// Until the first of them ends. Infinite: there is none.
double seconds_to_expiry(const std::vector<CertificateRow>& certificates, WallMicros now) {
  double nearest = std::numeric_limits<double>::infinity();
  for (const auto& row : certificates)
    nearest = std::min(nearest, static_cast<double>(row.facts.not_after - now) / 1e6);
  return nearest;
}

}  // namespace

Task<Result<void>> GridControlBinding::begin_scrub() {
  parts_.core.scrub().begin_round();
  AuditNote entry{"node scrub", parts_.config.name};
  co_await note(std::move(entry));
  co_return Result<void>{};
}

Task<Result<api::ScrubStatus>> GridControlBinding::scrub_status() {
  const auto report = parts_.core.scrub().report();
  api::ScrubStatus scrub;
  scrub.slots_due = report.slots_due;
  scrub.slots_waiting = report.slots_waiting;
  scrub.slot = report.slot;
  scrub.oldest = report.oldest;
  scrub.keys = report.keys;
  scrub.bytes = report.bytes;
  scrub.mended = report.mended;
  for (const auto& key : report.last_mended) scrub.last_mended.push_back({key.slot, to_hex(key.key), key.at});
  const auto view = parts_.store.snapshot();
  const auto lost =
      co_await view->scan(Family::node, lost_key(0), lost_key(UINT32_MAX), lost_shown_max, 1 << 20);
  if (!lost) co_return tl::unexpected(lost.error());
  for (const auto& pair : lost->pairs)
    scrub.lost.push_back({read_be32(pair.key, pair.key.size() - 4), pair.value});
  co_return scrub;
}

/// Leases tell soonest who lives; gossip tells the silent from the dead.
api::Liveness GridControlBinding::liveness_of(const MembershipView& view, NodeId node) const {
  if (is_alive(node)) return api::Liveness::alive;
  const auto gossiped = view.find(node);
  const bool dead = gossiped != view.end() && gossiped->second.state == Liveness::dead;
  return dead ? api::Liveness::dead : api::Liveness::suspect;
}

Task<Result<api::GridStatus>> GridControlBinding::status() {
  auto& core = parts_.core;
  const auto map = core.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  api::GridStatus status;
  status.grid_id = to_hex(map->grid_id);
  status.this_node = core.self();
  status.map_version = map->version;
  status.slots = map->slots();
  status.copies = map->settings.copies;
  status.copies_min = map->settings.copies_min;
  const auto view = core.membership().view();
  for (const auto& member : map->members) {
    api::NodeRow row;
    row.id = member.id;
    row.name = member.name;
    row.member_state = member.state;
    row.zone = member.zone;
    row.weight = member.weight;
    row.addresses = member.addresses;
    row.is_voter = map->voters.contains(member.id);
    row.maintenance_until = member.maintenance_until;
    const auto gossiped = view->find(member.id);
    row.liveness = liveness_of(*view, member.id);
    if (gossiped != view->end()) {
      const auto& told = gossiped->second;
      row.version = told.program_version;
      row.map_version = told.figures.map_version;
      row.load = told.figures.load;
      row.disk_free_bytes = told.figures.disk_free_bytes;
    }
    status.nodes.push_back(std::move(row));
  }
  std::sort(status.nodes.begin(), status.nodes.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  status.notices = co_await certificate_notices();
  auto scrub = co_await scrub_status();
  if (!scrub) co_return tl::unexpected(scrub.error());
  status.scrub = std::move(*scrub);
  auto health = this->health(*map, status.scrub.lost.size());
  status.verdict = health.verdict;
  status.reasons = std::move(health.reasons);
  co_return status;
}

Task<Result<std::vector<api::SlotPlacement>>> GridControlBinding::slots() {
  const auto map = parts_.core.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  std::vector<api::SlotPlacement> rows;
  rows.reserve(map->rows.size());
  for (SlotId slot = 0; slot < map->rows.size(); ++slot) rows.push_back(placement_of(*map, slot));
  co_return rows;
}

Task<std::vector<api::ReadinessCheck>> GridControlBinding::readiness() {
  state_->last_probe = parts_.clock.now();
  auto& core = parts_.core;
  std::vector<api::ReadinessCheck> checks;
  const auto map = core.map();
  checks.push_back({"started", state_->started.load(), state_->started ? "" : "starting"});
  checks.push_back({"map", map != nullptr, map ? fmt::format("version {}", map->version) : "none yet"});
  const auto* member = map ? map->member(core.self()) : nullptr;
  const bool draining = parts_.stopping() || (member != nullptr && member->state != MemberState::active);
  checks.push_back({"not_draining", !draining, draining ? "draining" : ""});
  checks.push_back({"slots_loaded", core.slots().loaded(), ""});
  const bool follows = core.directory_age().age() <= directory_age_unready;
  checks.push_back(
      {"directory", follows, follows ? "" : "this node has not heard of the directory for too long"});
  if (map) checks.push_back(co_await state_->canary.fly());
  co_return checks;
}

bool GridControlBinding::is_probed(Duration within) const {
  return parts_.clock.now() - state_->last_probe.load() <= within;
}

Task<Result<FigureReport>> GridControlBinding::figures(FigureWindow window) {
  co_return co_await parts_.figures.report(window);
}

Task<std::string> GridControlBinding::metrics() {
  auto& core = parts_.core;
  std::string text;
  const auto gauge = [&text](std::string_view name, std::string_view help, double value) {
    text += gauge_text(name, help, value);
  };
  text += fmt::format(
      "# HELP gridmail_build_info The running program.\n# TYPE gridmail_build_info gauge\n"
      "gridmail_build_info{{version=\"{}\"}} 1\n",
      version);
  const auto map = core.map();
  const auto counts = core.slots().counts();
  gauge("map_version", "Version of the newest map here.", map ? static_cast<double>(map->version) : 0);
  gauge("slots_primary", "Slots whose primary this node is.", static_cast<double>(counts.primaries));
  gauge("slots_opened", "Slots this node serves as opened primary.", static_cast<double>(counts.opened));
  gauge("slots_copies", "Copies of slots on this node.", static_cast<double>(counts.copies));
  gauge("slots_joining", "Copies on this node that still join.", static_cast<double>(counts.joining));
  if (map) {
    std::size_t too_few = 0;
    for (const auto& row : map->rows) too_few += row.in_sync.size() < map->settings.copies ? 1 : 0;
    gauge("slots_below_copies", "Slots of the grid with fewer copies in sync than wanted.",
          static_cast<double>(too_few));
  }
  const auto scrub = core.scrub().report();
  gauge("grid_verdict", "How the grid does, as this node sees it: 0 healthy, 1 degraded, 2 unavailable.",
        static_cast<double>(map ? health(*map, scrub.lost_slots).verdict : api::Verdict::unavailable));
  const auto certificates = co_await shown_certificates();
  if (certificates) {
    gauge("certificate_expiry_seconds", "Until the first of the certificates ends; +Inf: none is set.",
          seconds_to_expiry(*certificates, parts_.clock.wall()));
  }
  if (state_->sessions) {
    text += "# HELP gridmail_sessions Clients' connections to this node.\n# TYPE gridmail_sessions gauge\n";
    for (const auto& [service, count] : state_->sessions())
      text += fmt::format("gridmail_sessions{{service=\"{}\"}} {}\n", service, count);
  }
  gauge("spool_bytes", "Bytes of messages on their way in.",
        static_cast<double>(parts_.mail.bytes_in_flight()));
  gauge("disk_free_bytes", "Bytes free where the store lies.",
        static_cast<double>(parts_.store.bytes_free()));
  gauge("disk_low", "Whether less is free than the reserve: intake is refused.",
        parts_.store.low_space() ? 1 : 0);
  const auto files = open_files();
  gauge("process_open_files", "Files and connections that are open.", static_cast<double>(files.open));
  gauge("process_files_max", "How many may be.", static_cast<double>(files.max));
  gauge("process_clock_seconds", "The time here, since 1970 UTC.",
        static_cast<double>(parts_.clock.wall()) / 1e6);
  const auto age = core.directory_age().age();
  gauge("directory_age_seconds", "Age of this node's replica of the directory.",
        age == Duration::max() ? -1 : std::chrono::duration<double>(age).count());
  gauge("intake_records", "Messages in this node's intake journal.",
        static_cast<double>(co_await parts_.mail.intake().count_here()));
  const auto waiting = co_await parts_.mail.queued_here();
  const auto accepted = waiting.oldest() == 0 ? parts_.clock.wall() : waiting.oldest();
  gauge("queue_entries", "Messages to other systems that wait in slots whose primary this node is.",
        static_cast<double>(waiting.entries()));
  gauge("queue_held", "Of these, messages that are held.", static_cast<double>(waiting.held()));
  gauge("queue_oldest_seconds", "For how long the oldest of these has waited; 0: none waits.",
        static_cast<double>(parts_.clock.wall() - accepted) / 1e6);
  const auto counter = [&text](std::string_view name, std::string_view help, std::uint64_t value) {
    text += fmt::format("# HELP gridmail_{} {}\n# TYPE gridmail_{} counter\ngridmail_{} {}\n", name, help,
                        name, name, value);
  };
  counter("login_failures_total", "Wrong passwords.", parts_.mail.failed_log_ins());
  counter("operation_bytes_total", "Bytes of operations taken by slots whose primary this node was.",
          core.operation_bytes());
  gauge("scrub_slots_due", "Slots whose primary is here and which the present round has not been through.",
        static_cast<double>(scrub.slots_due));
  gauge("scrub_oldest_seconds", "When the slot longest ago was gone through; 0: one never was.",
        static_cast<double>(scrub.oldest) / 1e6);
  counter("scrub_keys_total", "Keys compared with other copies.", scrub.keys);
  counter("scrub_bytes_total", "Bytes of these.", scrub.bytes);
  gauge("scrub_lost_slots", "Slots of which this node's disk has lost records.",
        static_cast<double>(scrub.lost_slots));
  counter("scrub_mended_total", "Keys that differed and were written again.", scrub.mended);
  counter("fill_bytes_total", "Bytes handed to joining copies to close their gaps.",
          core.fill_budget().bytes());
  co_return text + metrics::exposition();
}

}  // namespace gridmail
