// Tables as RFC 4180 writes them, from spreadsheets. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.hpp"

namespace gridmail::cli {

struct CsvRecord {
  std::size_t line = 0;  ///< where it begins, from 1
  std::vector<std::string> fields;
};

/// Without empty lines. Errors: invalid (a quoted field that does not end, or goes on behind its end), with
/// the line.
[[nodiscard]] Result<std::vector<CsvRecord>> parse_csv(std::string_view text);

}  // namespace gridmail::cli
