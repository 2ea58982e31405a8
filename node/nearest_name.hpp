// "Did you mean": the known name that a mistyped one is closest to.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace gridmail {

/// Fewest single-character insertions, removals, substitutions and swaps of neighbours that turn `a` into `b`
/// (optimal string alignment).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, when it is near enough to be meant: at most a third of its letters
/// differ, or two.
[[nodiscard]] std::optional<std::string_view> nearest_name(std::string_view name,
                                                           std::span<const std::string_view> candidates);

}  // namespace gridmail
