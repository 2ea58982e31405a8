// The verbs that move things: nodes that are drained, removed, replaced, weighed; settings; jobs.
#pragma once
#include <cstdint>
#include <string_view>

#include "node/cli/verbs.hpp"

namespace gridmail::cli {

[[nodiscard]] Result<Outcome> grid_settings(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> node_drain(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> node_undrain(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> node_remove(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> node_replace(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> node_weight(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> node_zone(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> node_maintenance(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> job_list(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> job_pause(const ApiClient& api, const Arguments& arguments);
[[nodiscard]] Result<Outcome> job_resume(const ApiClient& api, const Arguments& arguments);

/// "90", "90s", "10m", "2h", "1d" as seconds. Errors: invalid.
[[nodiscard]] Result<std::int64_t> seconds_from(std::string_view text);

}  // namespace gridmail::cli
