// Verbs about addresses that lead to others: catch-alls, lists, forwarding; who sends in whose name.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> domain_catch_all(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> user_forward(const ApiClient& api, const Arguments& arguments);
/// Where an address or a domain leads.
[[nodiscard]] Result<Outcome> look_up(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> user_delegate(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> list_add(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> list_list(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> list_show(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> list_change(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> list_remove(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
