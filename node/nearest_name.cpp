#include "node/nearest_name.hpp"

#include <algorithm>
#include <vector>

namespace gridmail {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = a[i - 1] == b[j - 1];
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0u : 1u)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::optional<std::string_view> nearest_name(std::string_view name,
                                             std::span<const std::string_view> candidates) {
  // Among equally near ones, the one of the most similar length: "imasp" means imaps, not imap.
  const auto length_difference = [name](std::string_view candidate) {
    return std::max(name.size(), candidate.size()) - std::min(name.size(), candidate.size());
  };
  std::optional<std::string_view> nearest;
  std::size_t nearest_distance = std::max<std::size_t>(2, name.size() / 3);
  for (const auto candidate : candidates) {
    const auto distance = edit_distance(name, candidate);
    if (distance > nearest_distance || distance >= candidate.size()) continue;
    const bool nearer =
        !nearest || distance < nearest_distance || length_difference(candidate) < length_difference(*nearest);
    if (!nearer) continue;
    nearest = candidate;
    nearest_distance = distance;
  }
  return nearest;
}

}  // namespace gridmail
