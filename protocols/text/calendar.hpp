// The Gregorian calendar beneath protocols/text/date.hpp.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocols/text/date.hpp"

namespace gridmail::text {

inline constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
inline constexpr std::array<std::string_view, 7> weekday_names{"Sun", "Mon", "Tue", "Wed",
                                                               "Thu", "Fri", "Sat"};

inline constexpr std::int64_t seconds_per_day = 86'400;
/// Exclusive bound of a zone: a whole day.
inline constexpr int zone_minutes_bound = 24 * 60;

/// A date and time as a calendar and a clock on the wall show them.
struct CivilTime {
  int year = 1970;
  unsigned month = 1;  ///< 1 … 12
  unsigned day = 1;
  unsigned hour = 0, minute = 0, second = 0;
};

/// 1 … 12 by the English name or at least its first three letters, in any case; 0 for anything else.
[[nodiscard]] unsigned month_of(std::string_view name);
/// Nothing when there is no such day, or the year is not 1 to 9999.
[[nodiscard]] std::optional<Day> day_of(int year, unsigned month, unsigned day);
/// Nothing when there is no such time. A leap second (60) counts as the second after.
[[nodiscard]] std::optional<DateTime> date_time_of(const CivilTime& civil, int zone_minutes);
[[nodiscard]] CivilTime civil_time_of(DateTime date);

}  // namespace gridmail::text
