#include "protocols/text/date.hpp"

#include <doctest/doctest.h>

using namespace gridmail::text;

namespace {

std::string reformatted(std::string_view value) {
  const auto date = parse_rfc5322_date(value);
  return date ? format_rfc5322_date(*date) : "no date";
}

}  // namespace

TEST_CASE("dates of RFC 5322 are read and written (section 3.3)") {
  CHECK(parse_rfc5322_date("Fri, 21 Nov 1997 09:55:06 -0600") == DateTime{880127706, -360});
  CHECK(reformatted("Fri, 21 Nov 1997 09:55:06 -0600") == "Fri, 21 Nov 1997 09:55:06 -0600");
  CHECK(reformatted("1 Jan 1970 00:00 +0000") == "Thu, 1 Jan 1970 00:00:00 +0000");
  CHECK(reformatted("29 Feb 2024 23:59:60 +0530") == "Fri, 1 Mar 2024 00:00:00 +0530");
  CHECK(reformatted("Sat, 31 Dec 1887 12:00:00 +0000") == "Sat, 31 Dec 1887 12:00:00 +0000");
}

TEST_CASE("obsolete dates are read (RFC 5322, section 4.3, appendix A.5)") {
  CHECK(reformatted("21 Nov 97 09:55:06 GMT") == "Fri, 21 Nov 1997 09:55:06 +0000");
  CHECK(reformatted("21 Nov 49 09:55:06 GMT") == "Sun, 21 Nov 2049 09:55:06 +0000");
  CHECK(reformatted("21 Nov 103 09:55:06 GMT") == "Fri, 21 Nov 2003 09:55:06 +0000");
  CHECK(reformatted("Thu, 13 Feb 1969 15:32:54 PST") == "Thu, 13 Feb 1969 15:32:54 -0800");
  CHECK(reformatted("Thu, 13 Feb 1969 15:32:54 Z") == "Thu, 13 Feb 1969 15:32:54 +0000");
  CHECK(reformatted("Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               "
                    "-0330 (Newfoundland (Time))") == "Thu, 13 Feb 1969 23:32:00 -0330");
}

TEST_CASE("dates as some mailers write them are read") {
  CHECK(reformatted("Wed Feb 26 10:00:00 2025") == "Wed, 26 Feb 2025 10:00:00 +0000");
  CHECK(reformatted("Fri, 21-Nov-97 09:55:06 +0100") == "Fri, 21 Nov 1997 09:55:06 +0100");
  CHECK(reformatted("Nov 21, 1997 9:55") == "Fri, 21 Nov 1997 09:55:00 +0000");
  CHECK(reformatted("Fri, 21 Nov 1997 09:55:06 GMT+0100") == "Fri, 21 Nov 1997 09:55:06 +0100");
  CHECK(reformatted("Fri, 21 Nov 1997 09:55:06 +0100 CET") == "Fri, 21 Nov 1997 09:55:06 +0100");
  CHECK(reformatted("Fri, 21 November 1997 09:55:06 -0000") == "Fri, 21 Nov 1997 09:55:06 +0000");
}

TEST_CASE("what is no date gives none") {
  for (const auto* text :
       {"", "yesterday", "31 Feb 2024 10:00:00 +0000", "21 Nov 1997 25:00 GMT", "21 Nov", "Nov 1997",
        "32 Jan 2020 00:00 +0000", "(21 Nov 1997", "99999999999 Nov 1997", "-", ")", ":"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rfc5322_date(text));
  }
}

TEST_CASE("a zone that cannot be is UTC") {
  CHECK(reformatted("21 Nov 1997 09:55:06 +9999") == "Fri, 21 Nov 1997 09:55:06 +0000");
  CHECK(reformatted("21 Nov 1997 09:55:06 +01") == "Fri, 21 Nov 1997 09:55:06 +0000");
}

TEST_CASE("IMAP dates are read and written (RFC 3501, section 9)") {
  CHECK(parse_imap_date_time("17-Jul-1996 02:44:25 -0700") == DateTime{837596665, -420});
  CHECK(format_imap_date_time({837596665, -420}) == "17-Jul-1996 02:44:25 -0700");
  CHECK(parse_imap_date_time(" 1-Jul-1996 02:44:25 +0000") ==
        parse_imap_date_time("01-Jul-1996 02:44:25 +0000"));
  CHECK(parse_imap_date_time("1-Jul-1996 02:44:25 +0000") ==
        parse_imap_date_time("01-Jul-1996 02:44:25 +0000"));
  CHECK(format_imap_date_time(*parse_imap_date_time(" 1-Jul-1996 02:44:25 +0000")) ==
        " 1-Jul-1996 02:44:25 +0000");
}

TEST_CASE("IMAP dates are read strictly") {
  for (const auto* text :
       {"", "17-Jul-1996", "17-Jul-1996 02:44:25", "17-Jul-96 02:44:25 -0700", "32-Jul-1996 02:44:25 -0700",
        "17-Jul-1996 24:44:25 -0700", "17-Jul-1996 02:44:25 -0760", "17-Jul-1996 02:44:25 0700 ",
        "17 Jul 1996 02:44:25 -0700", "17-Jul-1996 02:44:25 -07000", "-", " ", " -"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_imap_date_time(text));
  }
}

TEST_CASE("search dates are days of the writer's calendar (RFC 3501, section 6.4.4)") {
  CHECK(parse_imap_date("1-Feb-1994") == 8797);
  CHECK(parse_imap_date("01-feb-1994") == 8797);
  CHECK_FALSE(parse_imap_date("29-Feb-1994"));
  CHECK_FALSE(parse_imap_date("1-Feb-94"));
  CHECK_FALSE(parse_imap_date("001-Feb-1994"));
  CHECK(local_day(*parse_rfc5322_date("1 Feb 1994 23:30:00 -0800")) == 8797);
  CHECK(local_day(*parse_rfc5322_date("1 Feb 1994 00:30:00 +0800")) == 8797);
  CHECK(local_day(*parse_rfc5322_date("31 Dec 1969 23:59:59 +0000")) == -1);
}

TEST_CASE("every moment of a long time comes back from its text") {
  for (std::int64_t seconds = -62'000'000'000; seconds < 250'000'000'000; seconds += 7'777'777'777) {
    const DateTime date{seconds, static_cast<std::int16_t>(seconds % 1440)};
    CAPTURE(seconds);
    CHECK(parse_rfc5322_date(format_rfc5322_date(date)) == date);
    CHECK(parse_imap_date_time(format_imap_date_time(date)) == date);
  }
}
