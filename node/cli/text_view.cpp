#include "node/cli/text_view.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "protocols/text/csv_field.hpp"

namespace gridmail::cli {
namespace {

/// A longer cell moves what is behind it in its own line, not in all.
constexpr std::size_t column_width_max = 100;

std::string heading(std::string_view column) {
  std::string text(column);
  for (auto& c : text) c = c == '_' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

/// Characters, not bytes, so that columns with UTF-8 stay straight.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// What a server sends must not drive the terminal.
std::string printable(std::string text) {
  for (auto& c : text) {
    if (std::iscntrl(static_cast<unsigned char>(c)) != 0) c = '?';
  }
  return text;
}

std::string csv_value(const Json& value) {
  return value.is_string() ? text::csv_field(value.get_ref<const std::string&>()) : value.dump();
}

}  // namespace

std::string cell_text(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) {
    const auto text = printable(value.get<std::string>());
    return text.empty() ? "-" : text;
  }
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const auto& item : value) text += (text.empty() ? "" : ",") + cell_text(item);
  return text.empty() ? "-" : text;
}

std::string table_text(const Json& rows, const std::vector<std::string_view>& columns) {
  if (rows.empty()) return {};
  std::vector<std::vector<std::string>> cells(1);
  for (const auto column : columns) cells[0].push_back(heading(column));
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (const auto column : columns)
      line.push_back(row.contains(column) ? cell_text(row.at(std::string(column))) : "-");
  }
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& line : cells) {
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], std::min(width(line[i]), column_width_max));
  }
  std::string text;
  for (const auto& line : cells) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i)
      out += line[i] + std::string(std::max(widths[i], width(line[i])) - width(line[i]) + 2, ' ');
    out.erase(out.find_last_not_of(' ') + 1);
    text += out + "\n";
  }
  return text;
}

std::string csv_text(const Json& rows, const std::vector<std::string_view>& columns) {
  std::string text = fmt::format("{}\r\n", fmt::join(columns, ","));
  for (const auto& row : rows) {
    std::vector<std::string> values;
    values.reserve(columns.size());
    for (const auto column : columns) values.push_back(csv_value(row.at(std::string(column))));
    text += fmt::format("{}\r\n", fmt::join(values, ","));
  }
  return text;
}

std::string record_text(const Json& record) {
  std::string text;
  for (const auto& [name, value] : record.items()) text += fmt::format("{}: {}\n", name, cell_text(value));
  return text;
}

std::string status_text(const Json& status) {
  std::string text = fmt::format("{}\n", cell_text(status.at("verdict")));
  for (const auto& reason : status.at("reasons")) text += fmt::format("  {}\n", cell_text(reason));
  for (const auto& notice : status.value("notices", Json::array()))
    text += fmt::format("  {}\n", cell_text(notice));
  text += fmt::format("map version {}, {} slots, {} copies\n\n", cell_text(status.at("map_version")),
                      cell_text(status.at("slots")), cell_text(status.at("copies")));
  return text + table_text(status.at("nodes"),
                           {"name", "state", "member_state", "zone", "weight", "addresses", "id"});
}

}  // namespace gridmail::cli
