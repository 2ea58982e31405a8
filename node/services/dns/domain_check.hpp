// DomainCheck: asks the DNS what domain_records.hpp wants to know, all at once and not for long.
#pragma once
#include "node/base/clock.hpp"
#include "node/runtime/task_group.hpp"
#include "node/services/dns/domain_records.hpp"

namespace gridmail {

/// Each of the two rounds of questions ends after this, whatever is still unanswered.
inline constexpr Duration dns_round_max = std::chrono::seconds(5);

/// `records` and `clock` outlive `tasks`; to be called on a strand. What is not answered in time is unknown.
[[nodiscard]] Task<std::vector<DomainRecord>> check_domain(DomainFacts facts, RecordSearch& records,
                                                           Clock& clock, TaskGroup& tasks);

}  // namespace gridmail
