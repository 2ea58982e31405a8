#include "protocols/text/calendar.hpp"

#include <chrono>

#include "protocols/text/ascii.hpp"

namespace gridmail::text {

unsigned month_of(std::string_view name) {
  static constexpr std::array<std::string_view, 12> full{"january",   "february", "march",    "april",
                                                         "may",       "june",     "july",     "august",
                                                         "september", "october",  "november", "december"};
  if (name.size() < 3) return 0;
  for (unsigned i = 0; i < full.size(); ++i) {
    if (name.size() <= full[i].size() && equal_ignoring_case(name, full[i].substr(0, name.size())))
      return i + 1;
  }
  return 0;
}

std::optional<Day> day_of(int year, unsigned month, unsigned day) {
  if (year < 1 || year > 9999) return std::nullopt;
  const auto date = std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
  if (!date.ok()) return std::nullopt;
  return static_cast<Day>(std::chrono::sys_days(date).time_since_epoch().count());
}

std::optional<DateTime> date_time_of(const CivilTime& civil, int zone_minutes) {
  const auto day = day_of(civil.year, civil.month, civil.day);
  if (!day || civil.hour > 23 || civil.minute > 59 || civil.second > 60) return std::nullopt;
  if (zone_minutes <= -zone_minutes_bound || zone_minutes >= zone_minutes_bound) return std::nullopt;
  const auto clock = static_cast<std::int64_t>(civil.hour) * 3600 + civil.minute * 60 + civil.second;
  return DateTime{*day * seconds_per_day + clock - zone_minutes * 60,
                  static_cast<std::int16_t>(zone_minutes)};
}

CivilTime civil_time_of(DateTime date) {
  const Day day = local_day(date);
  const auto clock = static_cast<unsigned>(date.utc_seconds + date.zone_minutes * 60 - day * seconds_per_day);
  const std::chrono::year_month_day calendar{std::chrono::sys_days(std::chrono::days(day))};
  return {static_cast<int>(calendar.year()),
          static_cast<unsigned>(calendar.month()),
          static_cast<unsigned>(calendar.day()),
          clock / 3600,
          clock / 60 % 60,
          clock % 60};
}

Day local_day(DateTime date) {
  const auto local = date.utc_seconds + date.zone_minutes * 60;
  const auto rounded_down =
      local >= 0 ? local / seconds_per_day : (local - seconds_per_day + 1) / seconds_per_day;
  return static_cast<Day>(rounded_down);
}

}  // namespace gridmail::text
