// `gridmail audit …`, `token …`, `session …`, `user role` and `user app-password …`: who may do what, and who
// did what.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> audit_list(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> user_role(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> user_app_password(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> token_add(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> token_list(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> token_remove(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> join_token_list(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> join_token_remove(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> session_list(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> session_end(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
