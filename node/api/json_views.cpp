#include "node/api/json_views.hpp"

#include <cmath>

#include "gossip/register/map_names.hpp"

namespace gridmail::api {
namespace {

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::healthy:
      return "healthy";
    case Verdict::degraded:
      return "degraded";
    case Verdict::unavailable:
      return "unavailable";
  }
  return "unavailable";
}

std::string_view name_of(Liveness liveness) {
  switch (liveness) {
    case Liveness::alive:
      return "alive";
    case Liveness::suspect:
      return "suspect";
    case Liveness::dead:
      return "dead";
  }
  return "dead";
}

std::string_view name_of(JobState state) {
  switch (state) {
    case JobState::running:
      return "running";
    case JobState::paused:
      return "paused";
    case JobState::waiting:
      return "waiting";
    case JobState::done:
      return "done";
  }
  return "running";
}

}  // namespace

Json ids(const std::vector<NodeId>& nodes) {
  Json array = Json::array();
  for (const auto& node : nodes) array.push_back(node.hex());
  return array;
}

Json date_or_null(WallMicros at) {
  return at == 0 ? Json(nullptr) : Json(rfc3339(at));
}

Json to_json(const Trial& trial) {
  Json changes = Json::array();
  for (const auto& change : trial.changes) {
    changes.push_back({{"verb", change.verb},
                       {"object", change.object},
                       {"before", change.before},
                       {"after", change.after}});
  }
  return {{"dry_run", true}, {"changes", std::move(changes)}, {"effects", trial.effects}};
}

Json to_json(const NodeRow& node) {
  return {{"id", node.id.hex()},
          {"name", node.name},
          {"state", name_of(node.liveness)},
          {"member_state", name_of(node.member_state)},
          {"zone", node.zone},
          {"weight", node.weight},
          {"maintenance_until", date_or_null(node.maintenance_until)},
          {"voter", node.is_voter},
          {"addresses", node.addresses},
          {"version", node.version},
          {"map_version", node.map_version},
          {"load", node.load},
          {"disk_free_bytes", node.disk_free_bytes}};
}

Json to_json(const ScrubStatus& scrub) {
  Json mended = Json::array();
  for (const auto& key : scrub.last_mended)
    mended.push_back({{"slot", key.slot}, {"key", key.key}, {"at", rfc3339(key.at)}});
  Json lost = Json::array();
  for (const auto& slot : scrub.lost) lost.push_back({{"slot", slot.slot}, {"what", slot.what}});
  return {{"slots_due", scrub.slots_due},
          {"slots_waiting", scrub.slots_waiting},
          {"slot", scrub.slot ? Json(*scrub.slot) : Json(nullptr)},
          {"oldest", date_or_null(scrub.oldest)},
          {"keys", scrub.keys},
          {"bytes", scrub.bytes},
          {"mended", scrub.mended},
          {"last_mended", std::move(mended)},
          {"lost", std::move(lost)}};
}

Json to_json(const GridStatus& status) {
  return {{"verdict", name_of(status.verdict)},
          {"reasons", status.reasons},
          {"notices", status.notices},
          {"grid", status.grid_id},
          {"node", status.this_node.hex()},
          {"map_version", status.map_version},
          {"slots", status.slots},
          {"copies", status.copies},
          {"copies_min", status.copies_min},
          {"nodes", to_json(status.nodes)},
          {"scrub", to_json(status.scrub)}};
}

Json to_json(const CertificateRow& certificate) {
  return {{"name", certificate.name},
          {"names", certificate.names},
          {"issuer", certificate.issuer},
          {"not_before", rfc3339(certificate.not_before)},
          {"not_after", rfc3339(certificate.not_after)},
          {"fingerprint", certificate.fingerprint},
          {"created", rfc3339(certificate.created)}};
}

Json to_json(const KeyStatus& status) {
  Json nodes = Json::array();
  for (const auto& node : status.nodes) {
    nodes.push_back({{"id", node.id.hex()},
                     {"name", node.name},
                     {"state", name_of(node.liveness)},
                     {"has_keys", node.has_keys}});
  }
  return {{"phase", name_of(status.phase)},
          {"keys", status.keys},
          {"map_version", status.since},
          {"nodes", std::move(nodes)}};
}

Json to_json(const SlotPlacement& slot) {
  Json number = "directory";
  if (const auto* id = std::get_if<SlotId>(&slot.slot)) number = *id;
  return {{"slot", std::move(number)},
          {"epoch", slot.epoch},
          {"primary", slot.primary ? Json(slot.primary->hex()) : Json(nullptr)},
          {"in_sync", ids(slot.in_sync)},
          {"joining", ids(slot.joining)},
          {"retired", ids(slot.retired)}};
}

Json to_json(const UserRow& user) {
  return {{"id", user.id.hex()},
          {"address", user.address},
          {"created", rfc3339(user.created)},
          {"role", name_of(user.role)}};
}

Json to_json(const UserDetails& details) {
  Json json = to_json(details.user);
  json["aliases"] = details.aliases;
  json["messages"] = details.usage_known ? Json(details.messages) : Json(nullptr);
  json["bytes"] = details.usage_known ? Json(details.bytes) : Json(nullptr);
  Json last = Json::object();
  for (const auto& [protocol, at] : details.last_log_ins) last[protocol] = rfc3339(at);
  json["last_log_in"] = std::move(last);
  return json;
}

Json to_json(const DomainRow& domain) {
  return {{"name", domain.name},
          {"users", domain.users},
          {"alias_of", domain.alias_of.empty() ? Json(nullptr) : Json(domain.alias_of)},
          {"catch_all", domain.catch_all.empty() ? Json(nullptr) : Json(domain.catch_all)}};
}

Json to_json(const AliasRow& alias) {
  return {{"address", alias.address}, {"target", alias.target}};
}

Json to_json(const QueueRow& entry) {
  return {{"id", entry.id},
          {"sender", entry.sender},
          {"recipients", entry.recipients},
          {"bytes", entry.bytes},
          {"accepted", rfc3339(entry.accepted)},
          {"next_attempt", entry.next_attempt == 0 ? Json() : Json(rfc3339(entry.next_attempt))},
          {"attempts", entry.attempts},
          {"held", entry.held},
          {"last_error", entry.last_error}};
}

Json to_json(const QueueActed& acted) {
  Json json = {{"entries", acted.entries}};
  if (acted.next_slot) json["next_slot"] = *acted.next_slot;
  return json;
}

Json to_json(const TraceAnswer& answer) {
  Json events = Json::array(), silent = Json::array();
  for (const auto& row : answer.events) {
    events.push_back({{"at", rfc3339(row.at)},
                      {"node", row.node.hex()},
                      {"what", row.what},
                      {"id", row.id},
                      {"connection", row.connection},
                      {"entry", row.entry},
                      {"message_id", row.message_id},
                      {"sender", row.sender},
                      {"recipients", row.recipients},
                      {"host", row.host},
                      {"detail", row.detail}});
  }
  for (const auto& node : answer.silent) silent.push_back(node.hex());
  return {{"events", std::move(events)}, {"silent", std::move(silent)}};
}

Json to_json(const RouteRow& route) {
  return {{"domain", route.domain},
          {"via", route.via},
          {"tls", route.tls_required ? "required" : "opportunistic"}};
}

Json to_json(const JoinToken& token) {
  return {{"token", token.token}, {"expires", rfc3339(token.expires)}};
}

Json to_json(const Settings& settings) {
  return {{"copies", settings.copies},
          {"copies_min", settings.copies_min},
          {"limits", settings.limits},
          {"postmaster", settings.postmaster},
          {"scrub_days", settings.scrub_days}};
}

Json to_json(const JobRow& job) {
  const double progress =
      job.slots_total == 0 ? 1 : static_cast<double>(job.slots_done) / static_cast<double>(job.slots_total);
  return {{"id", job.id},
          {"kind", job.kind},
          {"node", job.node ? Json(job.node->hex()) : Json(nullptr)},
          {"state", name_of(job.state)},
          {"waits_for", job.waits_for.empty() ? Json(nullptr) : Json(job.waits_for)},
          {"progress", std::floor(progress * 1000) / 1000},
          {"slots_done", job.slots_done},
          {"slots_total", job.slots_total},
          {"begun", rfc3339(job.begun)},
          {"ended", job.ended ? Json(rfc3339(*job.ended)) : Json(nullptr)},
          {"seconds_left", job.seconds_left ? Json(*job.seconds_left) : Json(nullptr)},
          {"run_by", ids(job.run_by)}};
}

Json to_json(const Begun& begun) {
  return {{"done", true}, {"job", begun.job.empty() ? Json(nullptr) : Json(begun.job)}};
}

Json to_json(const Applied& applied) {
  return {{"not_yet_on", ids(applied.not_yet_on)}};
}

}  // namespace gridmail::api
