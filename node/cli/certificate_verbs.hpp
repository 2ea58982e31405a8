// The verbs about the certificates that all nodes show to mail clients.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> certificate_set(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> certificate_list(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> certificate_remove(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
