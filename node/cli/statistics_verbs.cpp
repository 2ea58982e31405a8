#include "node/cli/statistics_verbs.hpp"

#include <fmt/format.h>

#include "node/cli/outcome.hpp"
#include "node/cli/text_view.hpp"

namespace gridmail::cli {

Result<Outcome> statistics(const ApiClient& api, const Arguments& arguments) {
  std::string target = "/statistics";
  for (const auto* option : {"--by", "--of", "--protocol", "--from", "--to"}) {
    const auto given = arguments.find(option);
    if (given == arguments.end()) continue;
    target += fmt::format("{}{}={}", target.find('?') == std::string::npos ? '?' : '&', option + 2,
                          path_part(given->second));
  }
  std::string silent;
  auto rows = api.get_all(target, &silent);
  if (!rows) return tl::unexpected(rows.error());
  std::vector<std::string_view> columns = {"day",      "protocol", "log_ins", "refused_log_ins",
                                           "bytes_in", "bytes_out"};
  const auto by = arguments.find("--by");
  if (by != arguments.end() && by->second != "protocol") columns.insert(columns.begin() + 1, by->second);
  const bool as_csv = arguments.contains("--csv");
  auto text = as_csv ? csv_text(*rows, columns) : table_text(*rows, columns);
  if (!silent.empty() && !as_csv) text += fmt::format("missing is the part of {}: no answer\n", silent);
  return Outcome{std::move(*rows), std::move(text), 0};
}

}  // namespace gridmail::cli
