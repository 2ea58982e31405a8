#include "node/services/limits/limit_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace gridmail {
namespace {

constexpr std::array<std::string_view, counted_kinds> things = {"connections", "messages", "recipients",
                                                                "failed-log-ins", "requests"};
constexpr std::array<std::string_view, per_kinds> subjects = {"address", "network", "user"};
constexpr std::string_view none = "none";
constexpr std::uint32_t count_max = 1'000'000;
constexpr std::chrono::seconds within_max = std::chrono::hours(24 * 7);

struct Unit {
  char letter;
  std::chrono::seconds length;
};
constexpr std::array<Unit, 4> units = {Unit{'d', std::chrono::hours(24)}, Unit{'h', std::chrono::hours(1)},
                                       Unit{'m', std::chrono::minutes(1)},
                                       Unit{'s', std::chrono::seconds(1)}};

template <std::size_t N>
std::optional<std::size_t> index_of(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::optional<std::uint32_t> number_in(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0 || number > count_max)
    return std::nullopt;
  return number;
}

std::optional<std::chrono::seconds> time_in(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto unit =
      std::find_if(units.begin(), units.end(), [&](const Unit& each) { return each.letter == text.back(); });
  const auto number = number_in(text.substr(0, text.size() - 1));
  if (unit == units.end() || !number || *number > within_max / unit->length) return std::nullopt;
  return *number * unit->length;
}

std::optional<Limit> limit_in(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto count = number_in(text.substr(0, slash));
  const auto within = time_in(text.substr(slash + 1));
  if (!count || !within) return std::nullopt;
  return Limit{*count, *within};
}

}  // namespace

Result<LimitTable> LimitTable::parse(std::string_view text) {
  LimitTable table;
  if (text == none) return table;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word.empty()) continue;
    constexpr std::string_view per = "-per-";
    const auto equals = std::min(word.find('='), word.size() - 1);
    const auto name = word.substr(0, equals);
    const auto at = name.find(per);
    const auto what = index_of(things, name.substr(0, at));
    const auto whom =
        at == std::string_view::npos ? std::nullopt : index_of(subjects, name.substr(at + per.size()));
    const auto limit = limit_in(word.substr(equals + 1));
    if (!what || !whom || !limit)
      return fail(Errc::invalid,
                  fmt::format("not a limit such as messages-per-user=500/1h: {}", word.substr(0, 100)));
    table.limits_[*what * per_kinds + *whom] = limit;
  }
  return table;
}

std::string LimitTable::text() const {
  std::string all;
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    if (!limits_[i]) continue;
    const auto& [count, within] = *limits_[i];
    const auto unit = std::find_if(units.begin(), units.end(), [&, length = within](const Unit& each) {
      return length % each.length == std::chrono::seconds::zero();
    });
    all += fmt::format("{}{}-per-{}={}/{}{}", all.empty() ? "" : " ", things[i / per_kinds],
                       subjects[i % per_kinds], count, within / unit->length, unit->letter);
  }
  return all.empty() ? std::string(none) : all;
}

bool LimitTable::empty() const {
  return std::none_of(limits_.begin(), limits_.end(), [](const auto& limit) { return limit.has_value(); });
}

}  // namespace gridmail
