#include <algorithm>
#include <array>
#include <vector>

#include "node/api/schemas.hpp"

namespace gridmail::api {
namespace {

struct Simple {
  std::string_view name, type, format;
};
constexpr std::array<Simple, 9> simple_types = {{{"text", "string", ""},
                                                 {"time", "string", "date-time"},
                                                 {"date", "string", "date"},
                                                 {"id", "string", ""},
                                                 {"flag", "boolean", ""},
                                                 {"count", "integer", ""},
                                                 {"integer", "integer", ""},
                                                 {"number", "number", ""},
                                                 {"null", "null", ""}}};

Json simple_schema(std::string_view name) {
  const auto* const known = std::find_if(simple_types.begin(), simple_types.end(),
                                         [&](const Simple& simple) { return simple.name == name; });
  if (known == simple_types.end()) return {{"$ref", "#/components/schemas/" + std::string(name)}};
  Json schema = {{"type", known->type}};
  if (!known->format.empty()) schema["format"] = known->format;
  if (name == "count") schema["minimum"] = 0;
  if (name == "id") schema["pattern"] = "^[0-9a-f]+$";
  return schema;
}

Json one_schema(std::string_view one) {
  if (one.ends_with("[]")) return {{"type", "array"}, {"items", one_schema(one.substr(0, one.size() - 2))}};
  if (one.starts_with('\'')) return {{"const", one.substr(1, one.size() - 2)}};
  if (one.starts_with('{'))
    return {{"type", "object"}, {"additionalProperties", one_schema(one.substr(1, one.size() - 2))}};
  return simple_schema(one);
}

}  // namespace

Json type_schema(std::string_view type) {
  std::vector<Json> schemas;
  for (std::string_view rest = type; !rest.empty();) {
    const auto one = rest.substr(0, rest.find('|'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    schemas.push_back(one_schema(one));
  }
  if (schemas.size() == 1) return schemas.front();
  const bool is_enum = std::all_of(schemas.begin(), schemas.end(),
                                   [](const Json& schema) { return schema.contains("const"); });
  if (!is_enum) return {{"anyOf", schemas}};
  Json values = Json::array();
  for (const auto& schema : schemas) values.push_back(schema["const"]);
  return {{"enum", std::move(values)}};
}

Json schema_of(std::string_view fields) {
  if (fields.starts_with('=')) return type_schema(fields.substr(1));
  Json properties = Json::object(), required = Json::array();
  each_field(fields, [&](std::string_view name, bool is_optional, std::string_view type) {
    properties[std::string(name)] = type_schema(type);
    if (!is_optional) required.push_back(name);
  });
  Json schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

const Schema* schema_named(std::string_view name) {
  const auto all = schemas();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Schema& schema) { return schema.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace gridmail::api
