#include "node/api/openapi.hpp"

#include "node/api/paging.hpp"
#include "node/api/router.hpp"
#include "node/version.hpp"

namespace gridmail::api {
namespace {

std::string_view field_of(Method method) {
  switch (method) {
    case Method::get:
      return "get";
    case Method::post:
      return "post";
    case Method::put:
      return "put";
    case Method::delete_:
      return "delete";
    case Method::other:
      break;
  }
  return "x-other";
}

/// Who may: a role, or more.
std::string_view name_of(Access access) {
  switch (access) {
    case Access::open:
      return "open";
    case Access::anyone:
      return "anyone who has logged in";
    case Access::self_or_viewer:
      return "the user, or a viewer";
    case Access::self_or_admin:
      return "the user, or an admin";
    case Access::viewer:
      return "viewer";
    case Access::operator_:
      return "operator";
    case Access::admin:
      break;
  }
  return "admin";
}

Json path_parameters(std::string_view pattern) {
  Json parameters = Json::array();
  for (auto open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{', open + 1)) {
    const auto name = pattern.substr(open + 1, pattern.find('}', open) - open - 1);
    parameters.push_back(
        {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
  }
  return parameters;
}

/// Clients that find it here know that this node changes nothing when asked so.
Json dry_run_parameter() {
  return {{"name", "dry_run"},
          {"in", "query"},
          {"description",
           "true: everything is checked and nothing is changed; the answer says what would be: {\"dry_run\": "
           "true, \"changes\": [{\"verb\", \"object\", \"before\", \"after\"}], \"effects\": [sentences]}"},
          {"schema", {{"type", "boolean"}}}};
}

Json parameters_of(const Route& route) {
  auto parameters = path_parameters(route.pattern);
  if (route.method == Method::post) {
    parameters.push_back({{"name", "Idempotency-Key"},
                          {"in", "header"},
                          {"description", "makes a repeated request harmless for 24 hours"},
                          {"schema", {{"type", "string"}, {"maxLength", 255}}}});
  }
  if (route.answer == Answer::trial) parameters.push_back({{"$ref", "#/components/parameters/dry_run"}});
  if (route.answer != Answer::pages) return parameters;
  const Json number = {{"type", "integer"}, {"minimum", 1}, {"maximum", Paging::limit_max}};
  parameters.push_back(
      {{"name", "limit"}, {"in", "query"}, {"description", "rows at most"}, {"schema", number}});
  parameters.push_back({{"name", "after"},
                        {"in", "query"},
                        {"description", "a cursor, from the answer's Link to the next page"},
                        {"schema", {{"type", "string"}}}});
  return parameters;
}

Json operation(const Route& route) {
  Json json = {{"summary", route.summary},
               {"parameters", parameters_of(route)},
               {"responses",
                {{"2XX", {{"description", "done"}}},
                 {"default",
                  {{"description", "an error"},
                   {"content", {{"application/problem+json", {{"schema", {{"type", "object"}}}}}}}}}}}};
  if (route.access == Access::open) json["security"] = Json::array();
  json["x-access"] = name_of(route.access);
  return json;
}

}  // namespace

Json openapi_document() {
  Json paths = Json::object();
  for (const auto& route : routes()) {
    paths[std::string(route.pattern)][std::string(field_of(route.method))] = operation(route);
  }
  return {
      {"openapi", "3.1.0"},
      {"info", {{"title", "gridmail"}, {"version", version}}},
      {"security",
       Json::array({{{"basic", Json::array()}}, {{"bearer", Json::array()}}, {{"session", Json::array()}}})},
      {"components",
       {{"parameters", {{"dry_run", dry_run_parameter()}}},
        {"securitySchemes",
         {{"basic", {{"type", "http"}, {"scheme", "basic"}}},
          {"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
          {"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", "gridmail_session"}}}}}}},
      {"paths", std::move(paths)}};
}

}  // namespace gridmail::api
