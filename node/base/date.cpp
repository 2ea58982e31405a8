#include "node/base/date.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>

namespace gridmail {

std::string rfc3339(WallMicros micros) {
  const std::time_t seconds = static_cast<std::time_t>(micros / 1'000'000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::optional<WallMicros> parse_rfc3339(std::string_view text) {
  std::tm time{};
  char zone = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%c", &time.tm_year, &time.tm_mon, &time.tm_mday,
                  &time.tm_hour, &time.tm_min, &time.tm_sec, &zone) != 7 ||
      zone != 'Z')
    return std::nullopt;
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  return WallMicros{::timegm(&time)} * 1'000'000;
}

}  // namespace gridmail
