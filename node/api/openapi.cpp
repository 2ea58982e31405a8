#include "node/api/openapi.hpp"

#include <cctype>
#include <set>

#include "node/api/paging.hpp"
#include "node/api/router.hpp"
#include "node/api/schemas.hpp"
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

/// Stands for the method and the path, of which there is one.
std::string operation_id(const Route& route) {
  constexpr std::string_view base = "/api/v1/";
  auto path = route.pattern;
  if (path.starts_with(base)) path.remove_prefix(base.size());
  std::string id(field_of(route.method));
  bool at_word = true;
  for (const char c : path) {
    const bool is_word = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (is_word && at_word) id += '_';
    if (is_word) id += c;
    at_word = !is_word;
  }
  return id;
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
  if (const auto* query = schema_named(route.takes); query != nullptr && route.method == Method::get) {
    each_field(query->fields, [&](std::string_view name, bool is_optional, std::string_view type) {
      parameters.push_back(
          {{"name", name}, {"in", "query"}, {"required", !is_optional}, {"schema", type_schema(type)}});
    });
  }
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

/// A media type and what is in it. `what`: as in Route.
Json content_of(std::string_view what) {
  const bool is_media_type = what.find('/') != std::string_view::npos;
  if (!is_media_type) return {{"application/json", {{"schema", type_schema(what)}}}};
  return {{std::string(what), Json::object()}};
}

Json responses_of(const Route& route) {
  const bool is_new = route.answer == Answer::created || route.answer == Answer::secret;
  Json done = {{"description", "done"}, {"content", content_of(route.gives)}};
  if (route.answer == Answer::trial)
    done["content"]["application/json"]["schema"] = {
        {"anyOf", Json::array({type_schema(route.gives), type_schema("Trial")})}};
  Json failed = {{"description", "an error"},
                 {"content", {{"application/problem+json", {{"schema", type_schema("Problem")}}}}}};
  return {{is_new ? "201" : "200", std::move(done)}, {"default", std::move(failed)}};
}

/// Where all fields may be missing, so may the body.
bool needs_body(const Route& route) {
  const auto* schema = schema_named(route.takes);
  bool needs = schema == nullptr;
  if (schema == nullptr) return needs;
  each_field(schema->fields,
             [&](std::string_view, bool is_optional, std::string_view) { needs |= !is_optional; });
  return needs;
}

Json operation(const Route& route) {
  Json json = {
      {"operationId", operation_id(route)}, {"summary", route.summary}, {"parameters", parameters_of(route)}};
  if (!route.takes.empty() && route.method != Method::get)
    json["requestBody"] = {{"required", needs_body(route)}, {"content", content_of(route.takes)}};
  json["responses"] = responses_of(route);
  if (route.access == Access::open) json["security"] = Json::array();
  json["x-access"] = name_of(route.access);
  return json;
}

Json session_scheme() {
  return {
      {"type", "apiKey"},
      {"in", "cookie"},
      {"name", "gridmail_session"},
      {"description",
       "A browser's. Changes carry its X-CSRF-Token. What lets somebody in later (passwords, roles, tokens, "
       "administrators, machines) is made with the asker's present password as \"current\" in the body."}};
}

/// What a request may not have is refused: what it may have is said so.
Json schemas_of(const std::set<std::string_view>& sent) {
  Json all = Json::object();
  for (const auto& schema : schemas()) {
    auto& made = all[std::string(schema.name)] = schema_of(schema.fields);
    if (sent.contains(schema.name)) made["additionalProperties"] = false;
  }
  return all;
}

}  // namespace

Json openapi_document() {
  Json paths = Json::object();
  std::set<std::string_view> sent = {"NewUser"};  // within NewUsers
  for (const auto& route : routes()) {
    paths[std::string(route.pattern)][std::string(field_of(route.method))] = operation(route);
    if (route.method != Method::get) sent.insert(route.takes);
  }
  return {
      {"openapi", "3.1.0"},
      {"info", {{"title", "gridmail"}, {"version", version}}},
      {"security",
       Json::array({{{"basic", Json::array()}}, {{"bearer", Json::array()}}, {{"session", Json::array()}}})},
      {"components",
       {{"parameters", {{"dry_run", dry_run_parameter()}}},
        {"schemas", schemas_of(sent)},
        {"securitySchemes",
         {{"basic", {{"type", "http"}, {"scheme", "basic"}}},
          {"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
          {"session", session_scheme()}}}}},
      {"paths", std::move(paths)}};
}

}  // namespace gridmail::api
