// Results as responses: a value becomes JSON, an error a problem document.
#pragma once
#include "node/api/json_views.hpp"
#include "node/api/message.hpp"

namespace gridmail::api {

[[nodiscard]] inline Response json_response(const Json& json, std::uint16_t status = 200) {
  Response response;
  response.status = status;
  response.body = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return response;
}

template <class Value>
[[nodiscard]] Response respond(const Result<Value>& result, std::uint16_t status = 200) {
  return result ? json_response(to_json(*result), status) : problem(result.error());
}

/// An action without an answer of its own still gives one JSON document.
[[nodiscard]] inline Response respond(const Result<void>& result) {
  return result ? json_response({{"done", true}}) : problem(result.error());
}

/// {"address": …, "not_yet_on": […]}: what an added or changed record answers with.
[[nodiscard]] inline Response changed(std::string_view field, const std::string& value,
                                      const Result<Applied>& applied, std::uint16_t status = 200) {
  if (!applied) return problem(applied.error());
  Json json = {{field, value}};
  json.update(to_json(*applied));
  return json_response(json, status);
}

}  // namespace gridmail::api
