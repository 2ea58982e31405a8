#include "node/cli/member_changes.hpp"

#include <utility>

namespace gridmail::cli {
namespace {

constexpr std::size_t bytes_max = 40 << 10;

std::size_t bytes_of(const Json& address) {
  return address.dump(-1, ' ', false, Json::error_handler_t::replace).size() + 1;
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

Json take_first(std::vector<Json>& changes) {
  if (changes.empty()) return Json::array();
  Json members = std::move(changes.front().at("add"));
  changes.erase(changes.begin());
  return members;
}

}  // namespace gridmail::cli
