// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE   (RFC 3501, section
// 9)
#include "protocols/text/ascii.hpp"
#include "protocols/text/calendar.hpp"

namespace gridmail::text {
namespace {

/// Exactly `width` digits at `at`.
std::optional<unsigned> digits_at(std::string_view text, std::size_t at, std::size_t width) {
  if (at + width > text.size()) return std::nullopt;
  return parse_number(text.substr(at, width));
}

bool has(std::string_view text, std::size_t at, char c) {
  return at < text.size() && text[at] == c;
}

/// date-month "-" date-year, at `at`: "Jul-1996".
bool read_month_and_year(std::string_view text, std::size_t at, CivilTime& civil) {
  if (at + 8 > text.size()) return false;
  civil.month = month_of(text.substr(at, 3));
  const auto year = digits_at(text, at + 4, 4);
  civil.year = static_cast<int>(year.value_or(0));
  return civil.month != 0 && has(text, at + 3, '-') && year;
}

/// zone = ("+" / "-") 4DIGIT
std::optional<int> zone_at(std::string_view text, std::size_t at) {
  const auto hours = digits_at(text, at + 1, 2);
  const auto minutes = digits_at(text, at + 3, 2);
  if (!hours || !minutes || *minutes > 59 || at + 5 != text.size()) return std::nullopt;
  const int size = static_cast<int>(*hours * 60 + *minutes);
  if (has(text, at, '+')) return size;
  if (has(text, at, '-')) return -size;
  return std::nullopt;
}

}  // namespace

std::optional<DateTime> parse_imap_date_time(std::string_view text) {
  // date-day-fixed is two characters; some clients leave out the blank before a single digit.
  if (has(text, 0, ' ')) text.remove_prefix(1);
  const std::size_t day_width = has(text, 1, '-') ? 1 : 2;
  const auto day = digits_at(text, 0, day_width);
  CivilTime civil;
  if (!day || !has(text, day_width, '-') || !read_month_and_year(text, day_width + 1, civil))
    return std::nullopt;
  const auto time = day_width + 10;  // after "-Mon-YYYY "
  const auto hour = digits_at(text, time, 2);
  const auto minute = digits_at(text, time + 3, 2);
  const auto second = digits_at(text, time + 6, 2);
  const auto zone = zone_at(text, time + 9);
  const bool separated = has(text, time - 1, ' ') && has(text, time + 2, ':') && has(text, time + 5, ':') &&
                         has(text, time + 8, ' ');
  if (!hour || !minute || !second || !zone || !separated) return std::nullopt;
  civil.day = *day;
  civil.hour = *hour;
  civil.minute = *minute;
  civil.second = *second;
  return date_time_of(civil, *zone);
}

std::optional<Day> parse_imap_date(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || dash > 2 || text.size() != dash + 9) return std::nullopt;
  const auto day = parse_number(text.substr(0, dash));
  CivilTime civil;
  if (!day || !read_month_and_year(text, dash + 1, civil)) return std::nullopt;
  return day_of(civil.year, civil.month, *day);
}

}  // namespace gridmail::text
