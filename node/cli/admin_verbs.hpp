// `gridmail admin …`: the accounts that are no users.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> admin_list(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> admin_add(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> admin_passwd(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> admin_remove(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
