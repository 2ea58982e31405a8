// What requests and answers look like, for the OpenAPI document: a table in a notation of its own, and JSON
// Schema (2020-12) made of it. Pure.
//
//   fields  = field *(SP field) / "=" type   ; an object; or no object, but a name for a type
//   field   = name ["?"] ":" type            ; "?": it may be missing
//   type    = one *("|" one)                 ; any of these
//   one     = simple ["[]"]                  ; "[]": an array of them
//   simple  = "'" text "'" / "{" simple "}"  ; that very text; an object whose values are such
//           / "text" / "flag" / "count" / "integer" / "number" / "null" / "time" / "date" / "id"
//           / Name                           ; another row of the table
#pragma once
#include <algorithm>
#include <span>
#include <string_view>

#include "node/api/json_views.hpp"

namespace gridmail::api {

struct Schema {
  std::string_view name;
  std::string_view fields;
};

/// Every schema that routes name (schemas.cpp), in the order of the routes.
[[nodiscard]] std::span<const Schema> schemas();
/// Nothing of that name: nullptr.
[[nodiscard]] const Schema* schema_named(std::string_view name);

[[nodiscard]] Json schema_of(std::string_view fields);
[[nodiscard]] Json type_schema(std::string_view type);

/// Calls visit(name, is_optional, type) for each field.
template <class Visit>
void each_field(std::string_view fields, const Visit& visit) {
  while (!fields.empty()) {
    const auto field = fields.substr(0, fields.find(' '));
    fields.remove_prefix(std::min(fields.size(), field.size() + 1));
    auto name = field.substr(0, field.find(':'));
    const auto type = field.substr(name.size() + 1);
    const bool is_optional = name.ends_with('?');
    if (is_optional) name.remove_suffix(1);
    visit(name, is_optional, type);
  }
}

}  // namespace gridmail::api
