#include "tests/unit/node/grid_in_memory.hpp"

namespace gridmail::testing {

std::optional<api::Quota> RequestsInMemory::take_request(const std::string& address,
                                                         const std::string& principal) {
  if (!principal.empty()) last_principal = principal;
  return address.empty() && !principal.empty() ? by_principal : by_address;
}
Task<Result<api::KeptAnswer>> RequestsInMemory::kept_answer(Bytes id) {
  if (!answers.contains(id)) co_return fail(Errc::not_found, "answer");
  co_return answers[id];
}
Task<Result<void>> RequestsInMemory::begin_request(Bytes id, Bytes request) {
  api::KeptAnswer answer;
  answer.request = std::move(request);
  if (!answers.emplace(std::move(id), std::move(answer)).second) co_return fail(Errc::already_exists, "used");
  co_return Result<void>();
}
Task<Result<void>> RequestsInMemory::keep_answer(Bytes id, api::KeptAnswer answer) {
  if (answer.status == 0) {
    answers.erase(id);
  } else {
    answers[id] = std::move(answer);
  }
  co_return Result<void>();
}

Task<Result<api::QueueSummary>> OverviewInMemory::queue_summary() {
  api::QueueSummary summary{2, 1, 1'000'000, 4096, 4000, {}, {node_}};
  summary.destinations = {{"x.test", 2, 1'000'000, 3, "421 later"}};
  co_return summary;
}
Task<Result<api::ChronicleAnswer>> OverviewInMemory::chronicle() {
  co_return api::ChronicleAnswer{{{1'000'000, "silent", node_, "node2", 0, {}, 3}}, {}};
}

Task<Result<std::vector<api::UserSettings>>> ConfigInMemory::user_settings(api::PageQuery) {
  co_return std::vector<api::UserSettings>{{"u@example.test", {"else@where.test"}, true, {"d@example.test"}}};
}
Task<Result<std::vector<api::ConfigVersion>>> ConfigInMemory::config_versions() {
  co_return versions;
}
Task<Result<api::Applied>> ConfigInMemory::add_config_version(std::string diff) {
  versions.push_back({versions.size() + 1, 0, "admin", std::move(diff)});
  co_return api::Applied{};
}

}  // namespace gridmail::testing
