// A list's members in parts that each fit a request of the API, whose body is limited. Pure.
#pragma once
#include <functional>
#include <vector>

#include "node/cli/config_file.hpp"

namespace gridmail::cli {

/// What to post one after the other to a list's members, {"add": […], "remove": […]}: removes first, so that
/// a full list never has too many. Of arrays of addresses.
[[nodiscard]] std::vector<Json> member_changes(const Json& added, const Json& removed);
/// Asks for one after the other, until one is refused; of answers that only say what would be done, all that
/// they say. `changes` is not empty. Errors: that of the refused one, with how much is done.
[[nodiscard]] Result<Json> in_turn(const std::vector<Json>& changes,
                                   const std::function<Result<Json>(const Json& change)>& ask);
/// Takes the first one's added members out, to make a list with; none when there is nothing to change.
[[nodiscard]] Json take_first(std::vector<Json>& changes);

}  // namespace gridmail::cli
