// Waiting for what moves in the grid, with its progress on the terminal.
#pragma once
#include <functional>
#include <string>

#include "node/cli/verbs.hpp"

namespace gridmail::cli {

/// Begins something by `begin` and, with --wait, returns when its job is over. What is interrupted goes on in
/// the grid. Errors: those of `begin`; of the API, once it has failed for half a minute.
[[nodiscard]] Result<Outcome> begin_and_wait(const ApiClient& api, const Arguments& arguments,
                                             const std::function<Result<Json>()>& begin,
                                             std::string sentence);

[[nodiscard]] Result<Outcome> job_wait(const ApiClient& api, const Arguments& arguments);
/// A round through all slots whose primary is the node that is asked.
[[nodiscard]] Result<Outcome> node_scrub(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
