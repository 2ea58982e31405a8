#include "node/config_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "node/nearest_name.hpp"

namespace gridmail {

void ConfigProblem::report(TextPlace at, std::string_view what) {
  if (error_) return;
  error_ = Error{Errc::invalid, fmt::format("{}:{}:{}: {}", source_, at.line, at.column, what)};
}

std::string ConfigTable::full_name(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

const toml::node* ConfigTable::find(std::string_view key) {
  known_.push_back(key);
  if (table_ == nullptr || problem_.error()) return nullptr;
  return table_->get(key);
}

void ConfigTable::complain(const toml::node& node, std::string_view key, std::string_view what_it_must_be) {
  problem_.report(node.source().begin, fmt::format("{} must be {}", full_name(key), what_it_must_be));
}

void ConfigTable::read(std::string_view key, std::string& out) {
  const auto* node = find(key);
  if (node == nullptr) return;
  if (const auto value = node->value_exact<std::string>()) {
    out = *value;
  } else {
    complain(*node, key, "text");
  }
}

void ConfigTable::read(std::string_view key, std::filesystem::path& out) {
  std::string text = out.string();
  read(key, text);
  out = text;
}

void ConfigTable::read(std::string_view key, bool& out) {
  const auto* node = find(key);
  if (node == nullptr) return;
  if (const auto value = node->value_exact<bool>()) {
    out = *value;
  } else {
    complain(*node, key, "true or false");
  }
}

void ConfigTable::read(std::string_view key, std::uint32_t& out, std::uint32_t least, std::uint32_t most) {
  const auto* node = find(key);
  if (node == nullptr) return;
  const auto value = node->value_exact<std::int64_t>();
  if (value && *value >= least && *value <= most) {
    out = static_cast<std::uint32_t>(*value);
  } else {
    complain(*node, key, fmt::format("a whole number from {} to {}", least, most));
  }
}

void ConfigTable::read_bytes(std::string_view key, std::uint64_t& out, std::uint64_t least,
                             std::uint64_t most) {
  const auto* node = find(key);
  if (node == nullptr) return;
  std::optional<std::uint64_t> bytes;
  if (const auto number = node->value_exact<std::int64_t>()) {
    if (*number >= 0) bytes = static_cast<std::uint64_t>(*number);
  } else if (const auto text = node->value_exact<std::string>()) {
    bytes = parse_byte_size(*text);
  }
  if (bytes && *bytes >= least && *bytes <= most) {
    out = *bytes;
  } else {
    complain(*node, key,
             fmt::format("a size from {} to {} bytes, such as 1048576 or \"50 MiB\"", least, most));
  }
}

void ConfigTable::read_choice(std::string_view key, const std::vector<std::string_view>& names,
                              std::size_t& out) {
  read_with(key, fmt::format("one of: {}", fmt::join(names, ", ")), [&](const std::string& text) {
    const auto at = std::find(names.begin(), names.end(), text);
    if (at == names.end()) return false;
    out = static_cast<std::size_t>(at - names.begin());
    return true;
  });
}

ConfigTable ConfigTable::table(std::string_view key) {
  const auto* node = find(key);
  if (node != nullptr && !node->is_table()) complain(*node, key, "a table");
  return {node != nullptr ? node->as_table() : nullptr, full_name(key), problem_};
}

void ConfigTable::finish() {
  if (table_ == nullptr || problem_.error()) return;
  // toml++ sorts by name; people read from the top, so the first in the file is the one to name.
  const toml::key* unknown = nullptr;
  for (const auto& [key, node] : *table_) {
    if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
    if (unknown == nullptr || key.source().begin < unknown->source().begin) unknown = &key;
  }
  if (unknown == nullptr) return;
  std::string what = fmt::format("unknown key {}", full_name(unknown->str()));
  if (const auto nearest = nearest_name(unknown->str(), known_)) {
    what += fmt::format("; did you mean {}?", full_name(*nearest));
  }
  problem_.report(unknown->source().begin, what);
}

std::optional<std::uint64_t> parse_byte_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{}) return std::nullopt;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  constexpr std::pair<std::string_view, unsigned> units[] = {{"", 0},     {"B", 0},    {"KiB", 10},
                                                             {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
  for (const auto& [name, shift] : units) {
    if (unit != name) continue;
    if (number > (std::numeric_limits<std::uint64_t>::max() >> shift)) return std::nullopt;
    return number << shift;
  }
  return std::nullopt;
}

}  // namespace gridmail
