#include "node/cli/text_view.hpp"

#include <doctest/doctest.h>

using namespace gridmail::cli;

TEST_CASE("a table's columns are as wide as what is in them, but no long cell moves every line") {
  Json rows = Json::array({{{"a", "1"}, {"b", "x"}}, {{"a", "four"}, {"b", "y"}}});
  CHECK(table_text(rows, {"a", "b"}) == "A     B\n1     x\nfour  y\n");
  const std::string longest(4000, 'l');
  rows.push_back({{"a", longest}, {"b", "z"}});
  const auto text = table_text(rows, {"a", "b"});
  CHECK(text.find(longest + "  z\n") != std::string::npos);
  CHECK(text.find("\n1" + std::string(101, ' ') + "x\n") != std::string::npos);
}
