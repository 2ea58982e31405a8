#include "node/config_text.hpp"

#include <doctest/doctest.h>

#include "node/config.hpp"

using namespace gridmail;

TEST_CASE("letters outside ASCII may stand in comments only") {
  CHECK(!first_stray_letter("zone = \"K\\u00f6ln\" # größer\n"));
  CHECK(!first_stray_letter("\xef\xbb\xbfzone = \"a\\\"b#\" # ö\n'''a'' # ''' # ö"));
  CHECK(!first_stray_letter("a = \"\"\"x\"\"#\"\"\"\"\" # ü"));
  CHECK(first_stray_letter("zöne = 1") == TextPlace{1, 2});
  CHECK(first_stray_letter("# ä\n  a = \"#ö\"") == TextPlace{2, 9});
  CHECK(first_stray_letter("a = \"open\nö = 1") == TextPlace{2, 1});
  CHECK(first_stray_letter("a = '\\' ö") == TextPlace{1, 9});
  CHECK(first_stray_letter("a = 3\"ö") == TextPlace{1, 7});
}

TEST_CASE("a letter outside ASCII is an error with its place") {
  const auto config = parse_config("z\xc3\xb6ne = \"z\"\n", "gridmail.toml");
  REQUIRE(!config);
  CHECK(config.error().text ==
        "gridmail.toml:1:2: letters outside ASCII may stand in comments only; quoted text can have them as "
        "\\u00f6");
}
