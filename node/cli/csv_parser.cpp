#include "node/cli/csv_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace gridmail::cli {
namespace {

// RFC 4180, Section 2:
//   record = field *(COMMA field)
//   field = (escaped / non-escaped)
//   escaped = DQUOTE *(TEXTDATA / COMMA / CR / LF / 2DQUOTE) DQUOTE
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<std::vector<CsvRecord>> records() {
    std::vector<CsvRecord> all;
    while (!rest_.empty()) {
      CsvRecord record{line_, {}};
      do {
        auto one = field();
        if (!one)
          return fail(Errc::invalid, fmt::format("line {}: a quoted field without an end", record.line));
        record.fields.push_back(std::move(*one));
      } while (take(","));
      if (!rest_.empty() && !take("\r\n") && !take("\n"))
        return fail(Errc::invalid, fmt::format("line {}: text behind a quoted field", line_));
      ++line_;
      if (record.fields.size() > 1 || !record.fields.front().empty()) all.push_back(std::move(record));
    }
    return all;
  }

 private:
  bool take(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }

  /// Nothing when a quoted one does not end.
  std::optional<std::string> field() {
    if (take("\"")) return quoted();
    auto text = rest_.substr(0, rest_.find_first_of(",\n"));
    rest_.remove_prefix(text.size());
    if (text.ends_with('\r') && (rest_.empty() || rest_.front() == '\n')) text.remove_suffix(1);
    return std::string(text);
  }

  std::optional<std::string> quoted() {
    std::string value;
    for (auto end = rest_.find('"'); end != std::string_view::npos; end = rest_.find('"')) {
      const auto part = rest_.substr(0, end);
      line_ += static_cast<std::size_t>(std::count(part.begin(), part.end(), '\n'));
      value += part;
      rest_.remove_prefix(end + 1);
      if (!take("\"")) return value;
      value += '"';
    }
    return std::nullopt;
  }

  std::string_view rest_;
  std::size_t line_ = 1;
};

}  // namespace

Result<std::vector<CsvRecord>> parse_csv(std::string_view text) {
  return Parser(text).records();
}

}  // namespace gridmail::cli
