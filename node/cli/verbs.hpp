// What `gridmail` can do, as a table: one row per noun and verb (design, section 10).
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/cli/api_client.hpp"

namespace gridmail::cli {

/// Values by argument name; an option that was not given is absent.
using Arguments = std::map<std::string, std::string, std::less<>>;

struct Argument {
  /// "address": positional and required; "[id]": positional; "--ttl": an option; "-f,--file": one with a
  /// short name
  std::string_view name;
  std::string_view help;
  bool is_flag = false;  ///< an option without a value
};
/// Whether it begins with a dash.
[[nodiscard]] inline bool is_option(const Argument& argument) {
  return argument.name.starts_with('-');
}

/// Of every verb that moves or deletes: each change is only asked about.
inline constexpr Argument dry_run{"--dry-run", "only say what would be done", true};

struct Outcome {
  Json document;     ///< printed with --json
  std::string text;  ///< printed without, ends with a newline
  int exit_code = 0;
  std::string complaint = {};  ///< for standard error: why the rest was not done
};

struct Verb {
  std::string_view noun;
  std::string_view name;  ///< empty: the noun alone is the command
  std::string_view help;
  std::vector<Argument> arguments;
  Result<Outcome> (*run)(const ApiClient& api, const Arguments& arguments);
};

[[nodiscard]] std::span<const Verb> verbs();
/// What a noun stands for, for its help page.
[[nodiscard]] std::string_view help_of_noun(std::string_view noun);

}  // namespace gridmail::cli
