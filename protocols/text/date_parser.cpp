// date-time = [ day-of-week "," ] date time [CFWS]                      (RFC 5322, section 3.3)
// date      = day month year
// time      = hour ":" minute [ ":" second ] FWS zone
//
// Read as words in any order that makes sense, since mail has "Nov 21, 1997", "21-Nov-97" and asctime's order
// too.
#include <array>
#include <utility>

#include "protocols/text/ascii.hpp"
#include "protocols/text/calendar.hpp"

namespace gridmail::text {
namespace {

/// The words of a date field: comments (which nest) and blanks, commas and, within a date, hyphens divide
/// them.
class Words {
 public:
  explicit Words(std::string_view value) : rest_(value) {}

  /// Empty at the end.
  std::string_view next() {
    skip_dividers();
    std::size_t length = 0;
    while (length < rest_.size() && !is_divider(rest_[length]) && !hyphen_divides(length)) ++length;
    const auto word = rest_.substr(0, length);
    rest_.remove_prefix(length);
    // The hyphen of "21-Nov-97"; a zone's sign follows a blank or a letter and stays.
    if (!rest_.empty() && rest_.front() == '-') rest_.remove_prefix(1);
    return word;
  }

 private:
  static bool is_divider(char c) { return is_blank(c) || c == '\r' || c == '\n' || c == ',' || c == '('; }
  bool hyphen_divides(std::size_t at) const {
    if (at == 0 || rest_[at] != '-') return false;
    const auto word = rest_.substr(0, at);
    return (is_digit(word.front()) && word.size() <= 2) || month_of(word) != 0;
  }
  void skip_dividers() {
    int depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '\\' && depth > 0 && rest_.size() > 1) rest_.remove_prefix(1);
      if (c == '(') ++depth;
      if (c == ')' && depth > 0) {
        --depth;
      } else if (depth == 0 && !is_divider(c)) {
        return;
      }
      rest_.remove_prefix(1);
    }
  }
  std::string_view rest_;
};

/// Section 4.3; military zones and unknown names are UTC, as the RFC advises.
int named_zone(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, int>, 8> zones{{{"EDT", -4},
                                                                          {"EST", -5},
                                                                          {"CDT", -5},
                                                                          {"CST", -6},
                                                                          {"MDT", -6},
                                                                          {"MST", -7},
                                                                          {"PDT", -7},
                                                                          {"PST", -8}}};
  for (const auto& [zone, hours] : zones) {
    if (equal_ignoring_case(name, zone)) return hours * 60;
  }
  return 0;
}

/// "+hhmm" or "-hhmm"; also "+hh:mm" as ISO 8601 has it. UTC when it is neither.
int numeric_zone(std::string_view word) {
  std::string digits;
  for (const char c : word.substr(1)) {
    if (c != ':') digits.push_back(c);
  }
  const auto value = digits.size() == 4 ? parse_number(digits) : std::nullopt;
  if (!value || *value % 100 > 59 || *value / 100 > 23) return 0;
  const int minutes = static_cast<int>(*value / 100 * 60 + *value % 100);
  return word.front() == '-' ? -minutes : minutes;
}

/// Section 4.3: two digits up to 49 are of this century, other short years count from 1900.
int full_year(unsigned value, std::size_t digits) {
  if (digits == 2 && value <= 49) return static_cast<int>(value + 2000);
  if (digits <= 3) return static_cast<int>(value + 1900);
  return static_cast<int>(value);
}

class DateReader {
 public:
  void take(std::string_view word) {
    if (is_digit(word.front())) {
      if (word.find(':') != std::string_view::npos) return take_time(word);
      return take_number(word);
    }
    if (word.front() == '+' || word.front() == '-') {
      if (have_time_ && !have_zone_) {
        zone_ = numeric_zone(word);
        have_zone_ = true;
      }
      return;
    }
    if (civil_.month == 0 && month_of(word) != 0) {
      civil_.month = month_of(word);
    } else if (have_time_ && !have_zone_) {
      take_named_zone(word);
    }
  }

  [[nodiscard]] std::optional<DateTime> result() const {
    if (broken_ || !have_year_) return std::nullopt;
    return date_time_of(civil_, zone_);
  }

 private:
  void take_number(std::string_view word) {
    const auto value = parse_number(word);
    if (!value) return;
    if (civil_.day == 0 && word.size() <= 2) {
      civil_.day = *value;
    } else if (!have_year_ && word.size() <= 4) {
      civil_.year = full_year(*value, word.size());
      have_year_ = true;
    }
  }
  /// A clock that shows no time, like 25:00, makes the whole date unreadable.
  void take_time(std::string_view word) {
    if (have_time_) return;
    have_time_ = true;
    std::array<unsigned*, 3> fields{&civil_.hour, &civil_.minute, &civil_.second};
    for (unsigned* field : fields) {
      const auto colon = word.find(':');
      const auto value = parse_number(word.substr(0, colon));
      if (!value) broken_ = true;
      *field = value.value_or(0);
      if (colon == std::string_view::npos) return;
      word.remove_prefix(colon + 1);
    }
  }
  /// "EST", "GMT", also "GMT+0100".
  void take_named_zone(std::string_view word) {
    have_zone_ = true;
    const auto sign = word.find_first_of("+-");
    zone_ = sign == std::string_view::npos ? named_zone(word) : numeric_zone(word.substr(sign));
  }

  CivilTime civil_{.year = 0, .month = 0, .day = 0};
  int zone_ = 0;
  bool have_year_ = false, have_time_ = false, have_zone_ = false, broken_ = false;
};

}  // namespace

std::optional<DateTime> parse_rfc5322_date(std::string_view value) {
  DateReader reader;
  Words words(value);
  for (auto word = words.next(); !word.empty(); word = words.next()) reader.take(word);
  return reader.result();
}

}  // namespace gridmail::text
