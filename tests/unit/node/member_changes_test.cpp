#include "node/cli/member_changes.hpp"

#include <doctest/doctest.h>

using namespace gridmail;
using namespace gridmail::cli;

namespace {

Json addresses(const std::string& name, int count) {
  Json all = Json::array();
  for (int i = 0; i < count; ++i)
    all.push_back(name + std::to_string(i) + "@a.domain.of.usual.length.example.org");
  return all;
}

/// Takes what fits a request, and refuses from the given one on.
struct Grid {
  Result<Json> take(const Json& change) {
    REQUIRE(change.dump().size() < 60'000);
    if (asked == refused_from) return fail(Errc::unavailable, "no majority");
    ++asked;
    for (const auto* field : {"remove", "add"}) {
      for (const auto& address : change.at(field)) (*field == 'a' ? added : removed).push_back(address);
    }
    return answer;
  }
  Result<Json> change(const std::vector<Json>& changes) {
    return in_turn(changes, [this](const Json& each) { return take(each); });
  }

  int asked = 0, refused_from = -1;
  Json answer = {{"not_yet_on", Json::array()}};
  Json added = Json::array(), removed = Json::array();
};

}  // namespace

TEST_CASE("a change of members that fits no request is made in parts, removals first") {
  Grid grid;
  const auto added = addresses("new", 1500), removed = addresses("old", 1500);
  const auto done = grid.change(member_changes(added, removed));
  REQUIRE(done);
  CHECK(*done == grid.answer);
  CHECK(grid.asked > 3);
  CHECK(grid.added == added);
  CHECK(grid.removed == removed);
}

TEST_CASE("a change that stops in the middle says how much of it is done") {
  Grid grid;
  grid.refused_from = 1;
  const auto changes = member_changes(addresses("new", 2500), Json::array());
  REQUIRE(changes.size() == 3);
  const auto stopped = grid.change(changes);
  REQUIRE(!stopped);
  CHECK(stopped.error().code == Errc::unavailable);
  CHECK(stopped.error().text == "1 of 3 parts were done, " + std::to_string(grid.added.size()) +
                                    " addresses, removals first; then: no majority");
  Grid whole;
  whole.refused_from = 0;
  CHECK(whole.change(member_changes(addresses("new", 3), Json::array())).error().text == "no majority");
}

TEST_CASE("what a change in parts would do is one answer") {
  Grid grid;
  grid.answer = Json::parse(R"({"dry_run": true, "changes": [{"verb": "list change"}], "effects": ["x"]})");
  const auto changes = member_changes(addresses("new", 2500), Json::array());
  const auto told = grid.change(changes);
  REQUIRE(told);
  CHECK(told->at("dry_run") == true);
  CHECK(told->at("changes").size() == changes.size());
  CHECK(told->at("effects").size() == changes.size());
  grid.refused_from = grid.asked + 1;
  CHECK(grid.change(changes).error().text == "no majority");  // nothing was done
}
