// Versions of what the directory holds, and changes that are made only while a record has one of them.
#pragma once
#include "node/api/grid_control.hpp"
#include "storage/directory/directory_change.pb.h"
#include "storage/directory/directory_view.hpp"

namespace gridmail {

/// Of the resource's record as this node has it, in hex. Errors: not_found, invalid, unavailable.
[[nodiscard]] Task<Result<std::string>> record_version(const DirectoryView& view, api::Resource resource);

/// What a change is made on condition of. Errors: as record_version(); what is not there is no error.
[[nodiscard]] Task<Result<directory::ExpectedRecord>> expected_record(const DirectoryView& view,
                                                                      api::Resource resource,
                                                                      api::Precondition condition);

}  // namespace gridmail
