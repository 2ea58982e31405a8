// What the API says of a change of the directory.
#pragma once
#include "node/api/grid_control.hpp"
#include "storage/directory/directory_client.hpp"

namespace gridmail {

[[nodiscard]] inline Result<api::Applied> applied(const Result<AppliedChange>& change) {
  if (!change) return tl::unexpected(change.error());
  return api::Applied{change->lagging};
}

}  // namespace gridmail
