#include "protocols/text/transfer_encoding.hpp"

#include <doctest/doctest.h>

using namespace gridmail::text;

TEST_CASE("base64 is decoded (RFC 4648, section 10)") {
  CHECK(decode_base64("") == "");
  CHECK(decode_base64("Zg==") == "f");
  CHECK(decode_base64("Zm8=") == "fo");
  CHECK(decode_base64("Zm9v") == "foo");
  CHECK(decode_base64("Zm9v\r\nYmFy\r\n") == "foobar");
}

TEST_CASE("broken base64 gives what it holds") {
  CHECK(decode_base64("Zm9vYg") == "foob");
  CHECK(decode_base64("Zm9v*Ym!Fy") == "foobar");
  CHECK(decode_base64("Zg==Zg==") == "ff");
  CHECK(decode_base64("Z") == "");
  CHECK(decode_base64("====") == "");
}

TEST_CASE("quoted-printable is decoded (RFC 2045, section 6.7)") {
  CHECK(decode_quoted_printable("caf=C3=A9") == "caf\xc3\xa9");
  CHECK(decode_quoted_printable("caf=c3=a9") == "caf\xc3\xa9");
  CHECK(decode_quoted_printable("Now's the time =\r\nfor all folk to come=\r\n to the aid") ==
        "Now's the time for all folk to come to the aid");
  CHECK(decode_quoted_printable("one  \t\r\ntwo\n") == "one\r\ntwo\n");
  CHECK(decode_quoted_printable("soft=  \r\nbreak") == "softbreak");
}

TEST_CASE("broken quoted-printable stays as it is") {
  CHECK(decode_quoted_printable("1=2") == "1=2");
  CHECK(decode_quoted_printable("=ZZ=4") == "=ZZ=4");
  CHECK(decode_quoted_printable("end=") == "end");
}

TEST_CASE("encodings are known by name in any case") {
  CHECK(decode_transfer("Zm9v", "BASE64") == "foo");
  CHECK(decode_transfer("=41", "Quoted-Printable") == "A");
  CHECK(decode_transfer("=41", "8bit") == "=41");
  CHECK(decode_transfer("=41", "") == "=41");
  CHECK(decode_transfer("=41", "x-uuencode") == "=41");
}
