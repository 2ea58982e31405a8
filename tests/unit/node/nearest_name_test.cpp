#include "node/nearest_name.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace gridmail;

TEST_CASE("the edit distance counts insertions, removals, substitutions and swaps") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("imap", "imap") == 0);
  CHECK(edit_distance("imap", "imaps") == 1);
  CHECK(edit_distance("imap", "map") == 1);
  CHECK(edit_distance("imap", "imep") == 1);
  CHECK(edit_distance("imap", "impa") == 1);
  CHECK(edit_distance("", "imap") == 4);
}

TEST_CASE("the nearest name is offered only when it can have been meant") {
  constexpr std::array<std::string_view, 3> names = {"hostname", "data_dir", "zone"};
  CHECK(nearest_name("hostnam", names) == "hostname");
  CHECK(nearest_name("datadir", names) == "data_dir");
  CHECK(nearest_name("zoen", names) == "zone");
  CHECK(!nearest_name("colour", names));
  CHECK(!nearest_name("x", names));
}
