// Limits of the HTTP API as its clients see them: 429 (RFC 6585, section 4) with Retry-After, and the
// RateLimit fields (draft-ietf-httpapi-ratelimit-headers).
#pragma once
#include "node/api/message.hpp"
#include "node/api/request_control.hpp"

namespace gridmail::api {

void add_quota(Response& response, const Quota& quota);
[[nodiscard]] Response too_many_requests(const Quota& quota);

}  // namespace gridmail::api
