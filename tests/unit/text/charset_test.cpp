#include "protocols/text/charset.hpp"

#include <doctest/doctest.h>

using namespace gridmail;

TEST_CASE("well-formed UTF-8 is told from other bytes") {
  CHECK(text::is_utf8(""));
  CHECK(text::is_utf8("na\xc3\xafve \xf0\x9f\x93\xac"));
  CHECK_FALSE(text::is_utf8("\xc0\xaf"));      // overlong
  CHECK_FALSE(text::is_utf8("\xed\xa0\x80"));  // a surrogate
  CHECK_FALSE(text::is_utf8("\xe2\x82"));      // cut
  CHECK_FALSE(text::is_utf8("caf\xe9"));
}

TEST_CASE("text is decoded from the charset it names") {
  CHECK(text::to_utf8("caf\xe9", "iso-8859-1") == "caf\xc3\xa9");
  CHECK(text::to_utf8("\xa4", "ISO-8859-15") == "\xe2\x82\xac");
  CHECK(text::to_utf8("\xd0\xcf", "koi8-r") == "\xd0\xbf\xd0\xbe");
  CHECK(text::to_utf8("\x1b$B4A;z\x1b(B", "iso-2022-jp") == "\xe6\xbc\xa2\xe5\xad\x97");
  CHECK(text::to_utf8("\xb0\xa1", "ks_c_5601-1987") == "\xea\xb0\x80");
  CHECK(text::to_utf8("Hi Mom +Jjo-!", "utf-7") == "Hi Mom \xe2\x98\xba!");
}

TEST_CASE("ISO-8859-1 is read as windows-1252, as user agents do") {
  CHECK(text::to_utf8("\x93quoted\x94", "iso-8859-1") == "\xe2\x80\x9cquoted\xe2\x80\x9d");
}

TEST_CASE("an unknown charset falls back to UTF-8, then to windows-1252") {
  CHECK(text::to_utf8("na\xc3\xafve", "x-unknown") == "na\xc3\xafve");
  CHECK(text::to_utf8("na\xefve", "x-unknown") == "na\xc3\xafve");
  CHECK(text::to_utf8("na\xefve", "") == "na\xc3\xafve");
  CHECK(text::to_utf8("na\xefve", "us-ascii") == "na\xc3\xafve");
  CHECK(text::to_utf8("na\xefve", "../../etc/passwd") == "na\xc3\xafve");
}

TEST_CASE("bytes without meaning in the charset become replacement characters") {
  CHECK(text::to_utf8("a\xff"
                      "b",
                      "utf-8") ==
        "a\xef\xbf\xbd"
        "b");
  CHECK(text::to_utf8("a\xe2\x82", "utf-8") == "a\xef\xbf\xbd");
  CHECK(text::to_utf8("a\x81", "shift_jis") == "a\xef\xbf\xbd");
}

TEST_CASE("a text longer than the conversion's pieces stays whole") {
  std::string latin, expected;
  for (int i = 0; i < 50'000; ++i) {
    latin += "\xe9.";
    expected += "\xc3\xa9.";
  }
  CHECK(text::to_utf8(latin, "iso-8859-2") == expected);
}

TEST_CASE("known charsets are told from unknown ones") {
  CHECK(text::is_known_charset("US-ASCII"));
  CHECK(text::is_known_charset("utf-8"));
  CHECK(text::is_known_charset("Shift_JIS"));
  CHECK_FALSE(text::is_known_charset(""));
  CHECK_FALSE(text::is_known_charset("klingon"));
  CHECK_FALSE(text::is_known_charset("utf-8,swaplfnl"));
}
