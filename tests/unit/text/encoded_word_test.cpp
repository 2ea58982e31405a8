#include "protocols/text/encoded_word.hpp"

#include <doctest/doctest.h>

using gridmail::text::decode_header_text;

TEST_CASE("encoded-words are decoded (RFC 2047, section 8)") {
  CHECK(decode_header_text("=?ISO-8859-1?Q?a?=") == "a");
  CHECK(decode_header_text("=?ISO-8859-1?Q?a?= b") == "a b");
  CHECK(decode_header_text("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=") == "ab");
  CHECK(decode_header_text("=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=") == "ab");
  CHECK(decode_header_text("=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=") == "ab");
  CHECK(decode_header_text("=?ISO-8859-1?Q?a_b?=") == "a b");
  CHECK(decode_header_text("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=") == "a b");
  CHECK(decode_header_text("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n "
                           "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=") ==
        "If you can read this you understand the example.");
  CHECK(decode_header_text("=?utf-8*en?q?na=C3=AFve_?=") == "na\xc3\xafve ");
}

TEST_CASE("a character split over two words of one charset is whole again") {
  CHECK(decode_header_text("=?utf-8?Q?=C3?= =?UTF-8?Q?=A9?=") == "\xc3\xa9");
  CHECK(decode_header_text("=?utf-8?B?ww==?= =?utf-8?B?qQ==?=") == "\xc3\xa9");
}

TEST_CASE("text around words keeps its blanks") {
  CHECK(decode_header_text("Re: =?utf-8?q?caf=C3=A9?= at  noon ") == "Re: caf\xc3\xa9 at  noon ");
  CHECK(decode_header_text("=?utf-8?q?a?= ") == "a ");
}

TEST_CASE("what is no encoded-word stays as it is") {
  for (const auto* text : {"=?", "=?utf-8", "=?utf-8?x?a?=", "=?utf-8?q?a", "=?utf-8?q?a?",
                           "=??q?a?=", "a =? b ?= c", "=?utf 8?q?a?="}) {
    CHECK(decode_header_text(text) == text);
  }
}

TEST_CASE("raw 8-bit header text is guessed") {
  CHECK(decode_header_text("caf\xe9") == "caf\xc3\xa9");
  CHECK(decode_header_text("caf\xc3\xa9") == "caf\xc3\xa9");
}

TEST_CASE("an unknown charset does not lose the text") {
  CHECK(decode_header_text("=?x-martian?q?caf=E9?=") == "caf\xc3\xa9");
}
