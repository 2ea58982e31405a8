#include "node/cli/statistics_verbs.hpp"

#include <fmt/format.h>

#include "node/cli/outcome.hpp"

namespace gridmail::cli {

Result<Outcome> statistics(const ApiClient& api, const Arguments& arguments) {
  std::string target = "/statistics";
  for (const auto* option : {"--by", "--from", "--to"}) {
    const auto given = arguments.find(option);
    if (given == arguments.end()) continue;
    target += fmt::format("{}{}={}", target.find('?') == std::string::npos ? '?' : '&', option + 2,
                          path_part(given->second));
  }
  const auto by = arguments.find("--by");
  if (by != arguments.end() && by->second == "user")
    return list(api, target,
                {"day", "user", "protocol", "log_ins", "refused_log_ins", "bytes_in", "bytes_out"});
  if (by != arguments.end() && by->second == "domain")
    return list(api, target,
                {"day", "domain", "protocol", "log_ins", "refused_log_ins", "bytes_in", "bytes_out"});
  return list(api, target, {"day", "protocol", "log_ins", "refused_log_ins", "bytes_in", "bytes_out"});
}

}  // namespace gridmail::cli
