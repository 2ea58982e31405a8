#include "node/config_text.hpp"

#include <doctest/doctest.h>

#include "node/config.hpp"

using namespace gridmail;

TEST_CASE("letters outside ASCII may stand in comments and strings only") {
  CHECK(!first_stray_letter("zone = \"Köln\" # größer\n'schlüssel' = '''ä\nö'''\n"));
  CHECK(!first_stray_letter("\xef\xbb\xbfzone = \"a\\\"ö\"\n"));
  CHECK(!first_stray_letter("a = \"\"\"x\"\"ö\"\"\"\"\" # ü"));
  CHECK(first_stray_letter("zöne = 1") == TextPlace{1, 2});
  CHECK(first_stray_letter("a = \"ä\"\n  ö = 1") == TextPlace{2, 3});
  CHECK(first_stray_letter("a = \"open\nö = 1") == TextPlace{2, 1});
  CHECK(first_stray_letter("a = '\\' ö") == TextPlace{1, 9});
}

TEST_CASE("a key with a letter outside ASCII is an error with its place") {
  const auto config = parse_config("z\xc3\xb6ne = \"z\"\n", "gridmail.toml");
  REQUIRE(!config);
  CHECK(config.error().text ==
        "gridmail.toml:1:2: letters outside ASCII may stand in comments and quoted text only");
}
