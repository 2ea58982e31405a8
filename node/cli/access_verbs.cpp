#include "node/cli/access_verbs.hpp"

#include <fmt/format.h>

#include "node/cli/outcome.hpp"

namespace gridmail::cli {

Result<Outcome> audit_list(const ApiClient& api, const Arguments& arguments) {
  std::string target = "/audit";
  for (const auto* option : {"--limit", "--after"}) {
    const auto given = arguments.find(option);
    if (given == arguments.end()) continue;
    target += fmt::format("{}{}={}", target.find('?') == std::string::npos ? '?' : '&', option + 2,
                          path_part(given->second));
  }
  return list(api, target, {"id", "at", "who", "address", "verb", "object", "before", "after"});
}

}  // namespace gridmail::cli
