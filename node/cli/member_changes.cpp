#include "node/cli/member_changes.hpp"

#include <fmt/format.h>

#include <utility>

#include "node/cli/outcome.hpp"

namespace gridmail::cli {
namespace {

constexpr std::size_t bytes_max = 40 << 10;

std::size_t bytes_of(const Json& address) {
  return address.dump(-1, ' ', false, Json::error_handler_t::replace).size() + 1;
}

/// What is answered to all so far, and to the next one.
void add_answer(Json& all, Json next) {
  if (!is_dry_run(all) || !is_dry_run(next)) {
    all = std::move(next);
    return;
  }
  for (const auto* part : {"changes", "effects"}) {
    for (auto& each : next.at(part)) all[part].push_back(std::move(each));
  }
}

Error stopped(const Error& error, std::size_t done, const std::vector<Json>& changes) {
  if (changes.size() == 1) return error;
  std::size_t addresses = 0;
  for (std::size_t i = 0; i < done; ++i)
    addresses += changes[i].at("add").size() + changes[i].at("remove").size();
  return {error.code, fmt::format("{} of {} parts were done, {} addresses, removals first; then: {}", done,
                                  changes.size(), addresses, error.text)};
}

}  // namespace

std::vector<Json> member_changes(const Json& added, const Json& removed) {
  std::vector<Json> changes;
  std::size_t bytes = 0;
  for (const auto& [field, addresses] : {std::pair("remove", &removed), {"add", &added}}) {
    for (const auto& address : *addresses) {
      bytes += bytes_of(address);
      if (changes.empty() || bytes > bytes_max) {
        changes.push_back({{"add", Json::array()}, {"remove", Json::array()}});
        bytes = bytes_of(address);
      }
      changes.back()[field].push_back(address);
    }
  }
  return changes;
}

Result<Json> in_turn(const std::vector<Json>& changes,
                     const std::function<Result<Json>(const Json& change)>& ask) {
  Json all;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    auto answer = ask(changes[i]);
    if (!answer)
      return tl::unexpected(is_dry_run(all) ? answer.error() : stopped(answer.error(), i, changes));
    add_answer(all, std::move(*answer));
  }
  return all;
}

Json take_first(std::vector<Json>& changes) {
  if (changes.empty()) return Json::array();
  Json members = std::move(changes.front().at("add"));
  changes.erase(changes.begin());
  return members;
}

}  // namespace gridmail::cli
