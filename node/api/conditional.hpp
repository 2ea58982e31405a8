// Conditional requests (RFC 9110, sections 8.8.3 and 13). A resource's entity tag is "VERSION.BODY": the
// version stands for its record in the directory, the rest for the whole answer. If-None-Match of a GET
// compares all of it. A change compares the version, where it is made: what is only counted beside the
// record, such as a user's messages, is no reason to refuse a change.
#pragma once
#include "node/api/grid_control.hpp"
#include "node/api/message.hpp"

namespace gridmail::api {

/// The answer with its tag; 304 without a body where the client has it already. `version` was read before the
/// answer was made.
[[nodiscard]] Response tagged(const Request& request, const Result<std::string>& version, Response response);

/// What a change's If-Match and If-None-Match ask for, as one condition: If-None-Match takes its tags from
/// those of If-Match. Nothing where neither is there. In If-Match a weak or malformed tag is a version that
/// nothing has.
[[nodiscard]] std::optional<Precondition> precondition(const Request& request);
/// What a path's changes are compared with; nothing for what has no tag.
[[nodiscard]] std::optional<Resource> resource_of(std::string_view pattern,
                                                  const std::vector<std::string>& parameters);

}  // namespace gridmail::api
