// The part of GridControlBinding about who used what how much.
#include <algorithm>

#include "node/grid_control_binding.hpp"
#include "protocols/text/normalization.hpp"

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

/// Its number and one; 0: any.
Result<std::uint32_t> protocol_in(const std::string& name) {
  if (name.empty()) return 0;
  const auto found = std::find(traffic_protocols.begin(), traffic_protocols.end(), name);
  if (found == traffic_protocols.end()) return fail(Errc::invalid, name + " is no protocol of these rows");
  return static_cast<std::uint32_t>(found - traffic_protocols.begin()) + 1;
}

}  // namespace

/// A domain, as rows have it, or a user's id. Errors: invalid, not_found.
Task<Result<Bytes>> GridControlBinding::statistics_subject(api::StatisticsQuery query) {
  if (query.of.empty()) co_return Bytes();
  if (query.by == api::StatisticsQuery::By::domain) {
    auto domain = text::to_ascii_domain(query.of);
    if (!domain) co_return fail(Errc::invalid, query.of + " is not a domain");
    co_return std::move(*domain);
  }
  auto address = text::canonical_address(query.of);
  if (!address) co_return fail(Errc::invalid, query.of + " is not an address");
  const auto user = co_await parts_.mail.view().resolve(std::move(*address));
  if (!user && user.error().code == Errc::not_found) co_return fail(Errc::not_found, "no user " + query.of);
  if (!user) co_return tl::unexpected(user.error());
  co_return user->id();
}

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
  const auto only = protocol_in(query.protocol);
  if (!only) co_return tl::unexpected(only.error());
  question.set_only(*only);
  auto of = co_await statistics_subject(query);
  if (!of) co_return tl::unexpected(of.error());
  question.set_of(std::move(*of));
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
