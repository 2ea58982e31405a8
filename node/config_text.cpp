#include "node/config_text.hpp"

#include <algorithm>

namespace gridmail {
namespace {

/// Where the string that begins at `at` with `quote` ends, past its closing quotes. A string on one line that
/// is not closed ends with its line: the parser stops there.
std::size_t end_of_string(std::string_view text, std::size_t at, std::string_view quote) {
  const bool is_basic = quote.front() == '"';
  const bool is_multi_line = quote.size() == 3;
  for (at += quote.size(); at < text.size(); ++at) {
    if (text[at] == '\\' && is_basic) {
      ++at;
    } else if (text[at] == '\n' && !is_multi_line) {
      return at;
    } else if (text.substr(at).starts_with(quote)) {
      at += quote.size();
      // Up to two more quotes may stand before the closing three.
      for (int more = 0; is_multi_line && more < 2 && at < text.size() && text[at] == quote.front(); ++more)
        ++at;
      return at;
    }
  }
  return text.size();
}

TextPlace place_of(std::string_view text, std::size_t at) {
  const auto before = text.substr(0, at);
  const auto line_start = before.rfind('\n');
  return {1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')),
          at - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1};
}

}  // namespace

std::optional<TextPlace> first_stray_letter(std::string_view toml) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  std::size_t at = toml.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  while (at < toml.size()) {
    if (toml[at] == '#') {
      at = std::min(toml.find('\n', at), toml.size());
      continue;
    }
    std::size_t end = at + 1;
    if (toml[at] == '"' || toml[at] == '\'') {
      const auto triple = toml.substr(at, 3);
      const bool is_multi_line = triple == "\"\"\"" || triple == "'''";
      end = end_of_string(toml, at, is_multi_line ? triple : triple.substr(0, 1));
    }
    for (; at < end; ++at) {
      if (static_cast<unsigned char>(toml[at]) > 0x7f) return place_of(toml, at);
    }
  }
  return std::nullopt;
}

}  // namespace gridmail
