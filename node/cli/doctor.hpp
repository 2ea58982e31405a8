// `gridmail doctor`: is it set up right? Each check has a stable id.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

/// Exit code 0 when every check passed, 1 when something wants doing, 2 when a check failed. A node that
/// cannot be reached is a failed check, not an error.
[[nodiscard]] Result<Outcome> doctor(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
