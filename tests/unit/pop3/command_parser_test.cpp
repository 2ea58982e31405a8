#include "protocols/pop3/command_parser.hpp"

#include <doctest/doctest.h>

using namespace gridmail::pop3;

TEST_CASE("RFC 1939, section 3: keywords are known in any case, and the argument is what follows one blank") {
  CHECK(parse_command("retr 1").keyword == Keyword::retr);
  CHECK(parse_command("QUIT").argument.empty());
  CHECK(parse_command("PASS  my pass ").argument == " my pass ");
  CHECK(parse_command("").keyword == Keyword::unknown);
  CHECK(parse_command("APOP mrose c4c9334bac560ecc979e58001b3e22fb").keyword == Keyword::unknown);
}

TEST_CASE("message numbers count from 1") {
  CHECK(parse_message_number("1") == 1);
  CHECK(parse_message_number(" 23 ") == 23);
  for (const char* text : {"", "0", "-1", "+1", "1x", "1 2", "99999999999"})
    CHECK_FALSE(parse_message_number(text));
}

TEST_CASE("RFC 1939, section 7: TOP takes a message and a number of lines") {
  CHECK(parse_top("1 0")->lines == 0);
  CHECK(parse_top("12  34")->message == 12);
  for (const char* text : {"", "1", "0 1", "1 -1", "1 x", "x 1", "1 2 3"}) CHECK_FALSE(parse_top(text));
}
