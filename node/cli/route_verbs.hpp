// `gridmail route …`: which way mail for domains elsewhere goes; `gridmail trace`: what became of it.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> route_set(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> route_list(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> route_remove(const ApiClient& api, const Arguments& arguments);

[[nodiscard]] Result<Outcome> trace(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
