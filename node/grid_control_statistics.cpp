// The part of GridControlBinding about who used what how much.
#include "node/grid_control_binding.hpp"

namespace gridmail {
namespace {

statistics::Question::By by_of(api::StatisticsQuery::By by) {
  switch (by) {
    case api::StatisticsQuery::By::user:
      return statistics::Question::USER;
    case api::StatisticsQuery::By::domain:
      return statistics::Question::DOMAIN;
    default:
      return statistics::Question::PROTOCOL;
  }
}

}  // namespace

Task<std::string> GridControlBinding::subject_name(gridmail::statistics::Question::By by, Bytes subject) {
  if (by != gridmail::statistics::Question::USER) co_return subject;
  const auto id = UserId::from_bytes(subject);
  if (!id) co_return to_hex(subject);
  const auto user = co_await parts_.mail.view().user(*id);
  co_return user ? user->address() : id->hex();
}

Task<Result<api::StatisticsAnswer>> GridControlBinding::statistics(api::StatisticsQuery query) {
  gridmail::statistics::Question question;
  question.set_by(by_of(query.by));
  question.set_first_day(query.first_day);
  question.set_last_day(query.last_day);
  question.set_limit(query.page.limit);
  const auto after = from_hex(query.page.after);
  if (!after || (!after->empty() && !StatisticsPlace::from_bytes(*after)))
    co_return fail(Errc::invalid, query.page.after + " is no cursor of this list");
  question.set_after(*after);
  auto report = co_await parts_.statistics.report(question);
  api::StatisticsAnswer answer;
  answer.silent = std::move(report.silent);
  std::map<Bytes, std::string> names;
  for (const auto& [place, counters] : report.rows) {
    auto& name = names[place.subject];
    if (name.empty()) name = co_await subject_name(question.by(), place.subject);
    answer.rows.push_back({to_hex(place.bytes()), place.day, name,
                           std::string(traffic_protocols[static_cast<std::size_t>(place.protocol)]),
                           counters.log_ins(), counters.refused_log_ins(), counters.bytes_in(),
                           counters.bytes_out()});
  }
  co_return answer;
}

}  // namespace gridmail
