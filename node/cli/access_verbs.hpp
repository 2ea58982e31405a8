// `gridmail audit …`: who did what.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> audit_list(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
