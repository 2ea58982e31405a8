#include "node/api/openapi.hpp"

#include <set>

#include "node/api/router.hpp"
#include "node/api/schemas.hpp"
#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

namespace {

/// The schemas that a part of the document refers to.
void collect_names(const Json& part, std::set<std::string>& names) {
  constexpr std::string_view base = "#/components/schemas/";
  if (part.is_object() && part.contains("$ref")) {
    const auto name = part["$ref"].get<std::string>();
    if (name.starts_with(base)) names.insert(name.substr(base.size()));
  }
  if (!part.is_structured()) return;
  for (const auto& inner : part) collect_names(inner, names);
}

std::set<std::string> words_of(std::string text) {
  std::set<std::string> words;
  for (std::size_t end = 0; !text.empty(); text.erase(0, end + 2)) {
    end = std::min(text.find(", "), text.size());
    words.insert(text.substr(0, end));
    if (end + 2 >= text.size()) break;
  }
  return words;
}

std::string path_of(std::string_view pattern) {
  std::string path(pattern);
  for (auto open = path.find('{'); open != std::string::npos; open = path.find('{'))
    path.replace(open, path.find('}') - open + 1, "x%40x.test");
  return path;
}

}  // namespace

TEST_CASE("the OpenAPI document names every route, and each but once") {
  const auto document = openapi_document();
  CHECK(document["paths"].contains("/api/v1/users/{address}/location"));
  CHECK(document["paths"]["/api/v1/users/{address}"]["get"]["parameters"][0]["name"] == "address");
  CHECK(document["paths"]["/livez"]["get"]["security"] == Json::array());
  std::set<std::string> ids;
  for (const auto& path : document["paths"]) {
    for (const auto& operation : path) CHECK(ids.insert(operation["operationId"]).second);
  }
  CHECK(ids.size() == routes().size());
  CHECK(ids.contains("put_users_address_password"));
}

TEST_CASE("what routes take and give is described, and nothing else is") {
  const auto document = openapi_document();
  std::set<std::string> named, described;
  collect_names(document, named);
  for (const auto& schema : schemas()) {
    CHECK(described.insert(std::string(schema.name)).second);
    if (schema.name.ends_with("Query")) named.insert(std::string(schema.name));  // stands as parameters
  }
  CHECK(named == described);
  for (const auto& route : routes()) {
    CAPTURE(route.pattern);
    CHECK(!route.gives.empty());
    CHECK((route.takes.empty() || schema_named(route.takes) != nullptr || route.takes == "text/xml"));
  }
}

TEST_CASE("a type's notation becomes JSON Schema") {
  CHECK(type_schema("count|null").dump() == R"({"anyOf":[{"type":"integer","minimum":0},{"type":"null"}]})");
  CHECK(type_schema("'a'|'b'").dump() == R"({"enum":["a","b"]})");
  CHECK(type_schema("time[]").dump() == R"({"type":"array","items":{"type":"string","format":"date-time"}})");
  CHECK(type_schema("{Node}").dump() ==
        R"({"type":"object","additionalProperties":{"$ref":"#/components/schemas/Node"}})");
  CHECK(schema_of("a:text b?:flag").dump() ==
        R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"boolean"}},"required":["a"]})");
}

TEST_CASE("bodies have the fields that are described, and are refused with others") {
  int bodies = 0;
  for (const auto& route : routes()) {
    const auto* schema = schema_named(route.takes);
    if (route.method == Method::get || schema == nullptr) continue;
    CAPTURE(route.pattern);
    Api api;
    api.fields = {{"Content-Type", "application/json"}};
    const auto refused = api.call(route.method, path_of(route.pattern), R"({"colour": 1})");
    REQUIRE(refused.status == 400);
    const std::string detail = Json::parse(refused.body)["detail"];
    constexpr std::string_view before = "unknown field \"colour\"; known: ";
    REQUIRE(detail.starts_with(before));
    std::set<std::string> fields;
    each_field(schema->fields, [&](auto name, bool, auto) { fields.insert(std::string(name)); });
    CHECK(words_of(detail.substr(before.size())) == fields);
    ++bodies;
  }
  CHECK(bodies > 25);
}
