#include <fmt/format.h>

#include <cstdlib>

#include "protocols/text/calendar.hpp"

namespace gridmail::text {
namespace {

/// zone = ("+" / "-") 4DIGIT, in RFC 5322, section 3.3 and RFC 3501, section 9 alike.
std::string format_zone(int minutes) {
  const int size = std::abs(minutes);
  return fmt::format("{}{:02}{:02}", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

}  // namespace

std::string format_rfc5322_date(DateTime date) {
  const auto civil = civil_time_of(date);
  const int weekday = ((local_day(date) + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
  return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} {}", weekday_names[static_cast<std::size_t>(weekday)],
                     civil.day, month_names[civil.month - 1], civil.year, civil.hour, civil.minute,
                     civil.second, format_zone(date.zone_minutes));
}

std::string format_imap_date_time(DateTime date) {
  const auto civil = civil_time_of(date);
  return fmt::format("{:2}-{}-{:04} {:02}:{:02}:{:02} {}", civil.day, month_names[civil.month - 1],
                     civil.year, civil.hour, civil.minute, civil.second, format_zone(date.zone_minutes));
}

}  // namespace gridmail::text
