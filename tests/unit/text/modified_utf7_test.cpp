#include "protocols/text/modified_utf7.hpp"

#include <doctest/doctest.h>

using namespace gridmail::text;

TEST_CASE("mailbox names go to modified UTF-7 and back (RFC 3501, section 5.1.3)") {
  const std::string name = "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e";
  CHECK(to_modified_utf7(name) == "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
  CHECK(from_modified_utf7("~peter/mail/&U,BTFw-/&ZeVnLIqe-") == name);
  CHECK(to_modified_utf7("Tom & Jerry") == "Tom &- Jerry");
  CHECK(from_modified_utf7("Tom &- Jerry") == "Tom & Jerry");
  CHECK(to_modified_utf7("\xf0\x9f\x93\xac") == "&2D3c7A-");
  CHECK(from_modified_utf7("&2D3c7A-") == "\xf0\x9f\x93\xac");
  CHECK(from_modified_utf7("") == "");
  CHECK(from_modified_utf7("&AOk-&-") == "\xc3\xa9&");
}

TEST_CASE("names that are not in the one right form are refused") {
  for (const auto* name : {
           "&Jjo!",               // '!' is not base64
           "&U,BTFw-&ZeVnLIqe-",  // superfluous shift
           "&Jjo",                // not closed
           "&AGE-",               // 'a' needs no encoding
           "&AAA-",               // NUL
           "&2D0-",               // a lone lead surrogate
           "&3Ow-",               // a lone trail surrogate
           "&AOl-",               // bits left over
           "&AOkA-",              // a digit too much
           "&A-",                 // too short
           "caf\xc3\xa9",
           "tab\t",
       }) {
    CAPTURE(name);
    CHECK_FALSE(from_modified_utf7(name));
  }
}
