// What is looked at before toml++ parses a configuration: 3.3.0 runs into undefined behaviour on letters
// outside ASCII where a key or a value may stand, also in some malformed strings.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace gridmail {

/// A place in a text, both from 1, the column in bytes.
struct TextPlace {
  std::size_t line = 1;
  std::size_t column = 1;
  bool operator==(const TextPlace&) const = default;
};

/// The first byte over 0x7f outside of comments and strings of a TOML document (TOML 1.0.0, Comment and
/// String).
[[nodiscard]] std::optional<TextPlace> first_stray_letter(std::string_view toml);

}  // namespace gridmail
