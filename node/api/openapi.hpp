// The OpenAPI document, made from the route table so that it cannot fall behind it.
#pragma once
#include "node/api/json_views.hpp"

namespace gridmail::api {

[[nodiscard]] Json openapi_document();

}  // namespace gridmail::api
