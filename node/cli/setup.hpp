// `gridmail setup`: from an installed package to a node of a grid, new or joined.
#pragma once
#include "node/cli/verbs.hpp"

namespace gridmail::cli {

/// Asks what it needs, or takes it from --config FILE; writes /etc/gridmail/gridmail.toml; starts the
/// service, which returns once the node is in its grid; for a new grid prints the admin's password and a join
/// token for the next machine. What fails leaves the machine as it was, so that it can be tried again. Needs
/// root and systemd. Errors: already_exists (set up before), unsupported (no systemd), invalid, denied, io.
[[nodiscard]] Result<Outcome> setup(const ApiClient& api, const Arguments& arguments);

}  // namespace gridmail::cli
