// The API's JSON as text for people.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "node/cli/api_client.hpp"

namespace gridmail::cli {

/// One value in one cell: text bare, lists joined with commas, null as "-".
[[nodiscard]] std::string cell_text(const Json& value);
/// An array of objects as columns under capital headings; empty when there are no rows.
[[nodiscard]] std::string table_text(const Json& rows, std::initializer_list<std::string_view> columns);
/// An object as "name: value" lines.
[[nodiscard]] std::string record_text(const Json& record);
[[nodiscard]] std::string status_text(const Json& status);

}  // namespace gridmail::cli
