// Verbs about domains: their records in the DNS, and the keys that sign their mail.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> domain_dns(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> dkim_add(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> dkim_list(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> dkim_activate(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> dkim_retire(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> dkim_remove(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
