// `gridmail queue …`: what waits, and a hand on it.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> queue_list(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> queue_retry(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> queue_hold(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> queue_release(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> queue_remove(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> queue_flush(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
