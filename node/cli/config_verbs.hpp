// `gridmail config` and `gridmail apply`: the grid's configuration as a file.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> config_show(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> config_history(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> config_diff(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> apply_config(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
