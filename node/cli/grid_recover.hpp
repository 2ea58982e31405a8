// `gridmail grid recover`: the only verb that needs no running node.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> grid_recover(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
