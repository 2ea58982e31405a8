// Dates of RFC 5322, section 3.3 (and 4.3), and of IMAP (RFC 3501, section 9: date, date-time).
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridmail::text {

/// A moment and the zone in which it was written. The year is 1 to 9999.
struct DateTime {
  std::int64_t utc_seconds = 0;   ///< since 1970
  std::int16_t zone_minutes = 0;  ///< east of UTC: -1439 … 1439
  bool operator==(const DateTime&) const = default;
};

/// Days since 1970-01-01 of the proleptic Gregorian calendar.
using Day = std::int32_t;

/// The date as its writer's calendar showed it: SEARCH SENTON and ON disregard time and zone.
[[nodiscard]] Day local_day(DateTime date);

/// Lenient: weekday and seconds may lack, two-digit years and named zones are read as section 4.3 says,
/// comments are skipped, an unknown or missing zone is UTC. Nothing when there is no date.
[[nodiscard]] std::optional<DateTime> parse_rfc5322_date(std::string_view value);
/// "Fri, 21 Nov 1997 09:55:06 -0600"
[[nodiscard]] std::string format_rfc5322_date(DateTime date);

/// Without the quotes; strict: " 1-Jul-1996 02:44:25 -0700", also with "01" or "1" as day.
[[nodiscard]] std::optional<DateTime> parse_imap_date_time(std::string_view text);
/// "17-Jul-1996 02:44:25 -0700", always 26 characters, without the quotes.
[[nodiscard]] std::string format_imap_date_time(DateTime date);
/// Strict: "1-Feb-1994", without quotes: SEARCH's keys.
[[nodiscard]] std::optional<Day> parse_imap_date(std::string_view text);

}  // namespace gridmail::text
