#include "node/overview_control_binding.hpp"

#include "storage/queue/queue_digest.hpp"

namespace gridmail {
namespace {

constexpr auto digests_max = std::chrono::seconds(2);
constexpr std::size_t destinations_shown_max = 100;

}  // namespace

Task<Result<api::QueueSummary>> OverviewControlBinding::queue_summary() {
  const auto map = parts_.core.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  auto asked = co_await parts_.core.survey().ask(SurveyTopic::queue, {}, digests_max);
  DigestSum sum;
  for (const auto& [node, text] : asked.given) {
    queue::Digest part;
    if (part.ParseFromString(text)) sum.add(part);
  }
  const auto intake = co_await parts_.mail.intake().list();
  for (const auto& record : intake) sum.add(record);
  const auto digest = sum.worst(destinations_shown_max);
  api::QueueSummary summary;
  summary.entries = digest.entries();
  summary.held = digest.held();
  summary.oldest = digest.oldest();
  summary.slots = static_cast<std::uint32_t>(map->rows.size());
  summary.slots_counted = digest.slots();
  summary.silent = std::move(asked.silent);
  for (const auto& one : digest.destinations()) {
    summary.destinations.push_back(
        {one.name(), one.entries(), one.oldest(), one.attempts(), one.last_reply()});
  }
  co_return summary;
}

Task<Result<api::ChronicleAnswer>> OverviewControlBinding::chronicle() {
  auto report = co_await parts_.chronicle.report();
  api::ChronicleAnswer answer;
  answer.silent = std::move(report.silent);
  for (const auto& seen : report.events) {
    auto& row = answer.rows.emplace_back();
    row.at = seen.event.at();
    row.what = name_of(seen.event.what());
    row.node = NodeId::from_bytes(seen.event.node()).value_or(NodeId{});
    row.name = seen.event.name();
    row.slots = seen.event.slots();
    row.seen_by = seen.seen_by;
    for (const auto& by : seen.event.by()) {
      if (const auto id = NodeId::from_bytes(by)) row.by.push_back(*id);
    }
  }
  co_return answer;
}

}  // namespace gridmail
