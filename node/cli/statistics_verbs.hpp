// What `gridmail statistics` does.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> statistics(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
