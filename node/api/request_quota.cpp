#include "node/api/request_quota.hpp"

#include <algorithm>

namespace gridmail::api {

void add_quota(Response& response, const Quota& quota) {
  response.headers.emplace_back("RateLimit-Limit", std::to_string(quota.count));
  response.headers.emplace_back("RateLimit-Remaining", std::to_string(quota.left));
  response.headers.emplace_back("RateLimit-Reset", std::to_string(quota.seconds_until_all));
}

Response too_many_requests(const Quota& quota) {
  auto response = problem(429, "too_many_requests", "there were too many requests; come back later");
  const auto wait = std::max<std::int64_t>(quota.seconds_until_one, 1);
  response.headers.emplace_back("Retry-After", std::to_string(wait));
  add_quota(response, quota);
  return response;
}

}  // namespace gridmail::api
