// The API's JSON as text for people.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node/cli/api_client.hpp"

namespace gridmail::cli {

/// One value in one cell: text bare, lists joined with commas, null as "-".
[[nodiscard]] std::string cell_text(const Json& value);
/// An array of objects as columns under capital headings; empty when there are no rows.
[[nodiscard]] std::string table_text(const Json& rows, const std::vector<std::string_view>& columns);
/// The same as comma-separated values (RFC 4180), always with its header line.
[[nodiscard]] std::string csv_text(const Json& rows, const std::vector<std::string_view>& columns);
/// An object as "name: value" lines.
[[nodiscard]] std::string record_text(const Json& record);
[[nodiscard]] std::string status_text(const Json& status);

}  // namespace gridmail::cli
