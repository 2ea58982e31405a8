// `gridmail user import`: many users of a file, a request for some at a time.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> user_import(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
