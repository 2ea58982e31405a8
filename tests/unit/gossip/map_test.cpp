#include <doctest/doctest.h>

#include "gossip/register/map.hpp"
#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail {
namespace {

using test::member;
using test::node;

Map two_nodes() {
  return test::with_member(test::single(), member(2));
}

MapChange slot_change(SlotId slot, Epoch expected, SlotRow row) {
  MapChange change;
  change.slots.push_back({slot, expected, std::move(row)});
  return change;
}

SlotRow row(std::optional<NodeId> primary, NodeSet in_sync, NodeSet joining = {}, NodeSet retired = {}) {
  SlotRow r;
  r.primary = primary;
  r.in_sync = std::move(in_sync);
  r.joining = std::move(joining);
  r.retired = std::move(retired);
  return r;
}

TEST_CASE("a map comes back from its bytes as it was") {
  Map map = two_nodes();
  map = apply(map, slot_change(3, 1, row(node(1), {node(1)}, {node(2)})));
  map.rows[5].primary.reset();
  map.rows[5].retired = {node(9)};  // not a member: still carried
  map.removed.push_back(node(7));
  map.voters_before = {node(8)};
  map.rows[2].paired = true;
  map.rows[2].alone = true;
  map.members[1].state = MemberState::draining;
  const auto back = decode_map(encode_map(map));
  REQUIRE(back);
  CHECK(*back == map);
}

TEST_CASE(
    "while copies are combined a row has no primary, and of the rest only the one that combines may be it") {
  Map map = two_nodes();
  map = apply(map, slot_change(3, 1, row(node(1), {node(1)}, {}, {node(2)})));
  auto combining = row(std::nullopt, {node(1)}, {}, {node(2)});
  CHECK(apply(map, slot_change(3, 2, combining)).version == map.version);  // by nobody
  combining.combining = node(1);
  CHECK(apply(map, slot_change(3, 2, combining)).version == map.version);  // by the lost one
  const auto combined = row(node(2), {node(2)}, {}, {node(1)});
  CHECK(apply(map, slot_change(3, 2, combined)).version == map.version);  // not yet
  combining.combining = node(2);
  const auto next = apply(map, slot_change(3, 2, combining));
  REQUIRE(next.version == map.version + 1);
  CHECK(*decode_map(encode_map(next)) == next);
  CHECK(apply(next, slot_change(3, 3, combined)).rows[3].primary == node(2));
  CHECK(apply(next, slot_change(3, 3, row(node(1), {node(1)}, {}, {node(2)}))).rows[3].primary == node(1));
}

TEST_CASE("a row of a large map costs about sixteen bytes") {
  Map map = create_map(member(1), 4096, Bytes(16, 'g'), {});
  map = test::with_member(map, member(2));
  for (auto& r : map.rows) {
    r = row(node(1), {node(1), node(2)});
    r.epoch = 1000;
    r.epoch_since = 900;
  }
  CHECK(encode_map(map).size() < 4097 * 20 + 500);
}

TEST_CASE("bytes that are no map are refused, a newer format by its name") {
  CHECK(decode_map("garbage").error().code == Errc::corrupted);
  Map map = test::single();
  const Bytes bytes = encode_map(map);
  CHECK_FALSE(decode_map(BytesView(bytes).substr(0, bytes.size() - 1)));
  map.settings.format_level = 99;
  CHECK(decode_map(encode_map(map)).error().code == Errc::unsupported);
}

TEST_CASE("a change comes back from its bytes as it was") {
  MapChange change = slot_change(3, 7, row(node(1), {node(1)}, {node(2)}, {node(3)}));
  change.members.push_back({member(4, "z", 0)});
  change.removals.push_back({node(5)});
  change.voters = VotersChange{{node(1), node(2), node(3)}};
  change.settings = SettingsChange{{1, 1, 1, false, 0}, GridSettings{3, 2, 1, true, 7}};
  const auto back = decode_change(encode_change(change));
  REQUIRE(back);
  REQUIRE(back->slots.size() == 1);
  CHECK(back->slots[0].slot == 3);
  CHECK(back->slots[0].expected == 7);
  CHECK(back->slots[0].row == change.slots[0].row);
  CHECK(back->members[0].member == change.members[0].member);
  CHECK(back->removals[0].id == node(5));
  CHECK(back->voters->voters == change.voters->voters);
  CHECK(back->settings->settings == change.settings->settings);
  CHECK(back->settings->expected == change.settings->expected);
}

TEST_CASE("settings made for others than the map's are left out") {
  const Map map = two_nodes();
  GridSettings wanted = map.settings;
  wanted.scrub_days = 7;
  MapChange change;
  change.settings = SettingsChange{wanted, map.settings};
  const Map next = apply(map, change);
  CHECK(next.settings == wanted);
  change.settings->settings.scrub_days = 8;
  CHECK(apply(next, change) == next);
}

TEST_CASE("a slot change raises epoch and version, and fails on any other epoch") {
  const Map map = two_nodes();
  const auto change = slot_change(3, 1, row(node(1), {node(1)}, {node(2)}));
  const Map next = apply(map, change);
  CHECK(next.version == map.version + 1);
  CHECK(next.rows[3].epoch == 2);
  CHECK(next.rows[3].epoch_since == next.version);
  CHECK(next.rows[3].joining == NodeSet{node(2)});
  CHECK(apply(next, change) == next);  // sent again: nothing happens, not even a new version
}

Map with_copies_min(const Map& map, std::uint32_t copies_min) {
  MapChange change;
  change.settings = SettingsChange{map.settings};
  change.settings->settings.copies_min = copies_min;
  return apply(map, change);
}

/// Slot 3 has had a second copy; node 2, which held it, is lost.
Map one_copy_left() {
  auto left = row(node(1), {node(1)}, {}, {node(2)});
  left.paired = true;
  return apply(two_nodes(), slot_change(3, 1, left));
}

TEST_CASE("a row that may be written alone says so until a second copy is in sync") {
  Map map = with_copies_min(one_copy_left(), 1);
  CHECK(map.rows[3].alone);
  map = with_copies_min(map, 2);
  CHECK(map.rows[3].alone);
  auto next = row(node(1), {node(1)}, {node(2)});
  next.paired = true;  // and `alone` not said: whoever asks cannot know
  map = apply(map, slot_change(3, map.rows[3].epoch, next));
  CHECK(map.rows[3].alone);
  next = row(node(1), {node(1), node(2)});
  next.alone = true;
  map = apply(map, slot_change(3, map.rows[3].epoch, next));
  CHECK_FALSE(map.rows[3].alone);
}

TEST_CASE("a row that loses its second copy while one is enough says that it may be written alone") {
  Map map = with_copies_min(two_nodes(), 1);
  map = apply(map, slot_change(3, 1, row(node(1), {node(1), node(2)})));
  CHECK_FALSE(map.rows[3].alone);
  map = apply(map, slot_change(3, 2, row(node(1), {node(1)}, {}, {node(2)})));
  CHECK(map.rows[3].alone);
}

TEST_CASE("what was asked for before a copy might be written alone is refused after it") {
  const Map before = one_copy_left();
  const auto epoch = before.rows[3].epoch;
  CHECK_FALSE(before.rows[3].alone);
  const Map map = with_copies_min(before, 1);
  CHECK(map.rows[3].epoch == epoch + 1);
  CHECK(map.rows[3].epoch_since == map.version);
  auto combining = row(std::nullopt, {node(1)}, {}, {node(2)});
  combining.combining = node(2);
  combining.paired = true;
  CHECK(apply(before, slot_change(3, epoch, combining)).rows[3].combining == node(2));
  CHECK(apply(map, slot_change(3, epoch, combining)) == map);
  CHECK(map.rows[5] == before.rows[5]);  // it never had a second copy
}

TEST_CASE("of several changes of one slot the first wins") {
  const Map map = two_nodes();
  auto change = slot_change(3, 1, row(node(1), {node(1)}, {node(2)}));
  change.slots.push_back({3, 1, row(node(1), {node(1)}, {}, {node(2)})});
  CHECK(apply(map, change).rows[3].joining == NodeSet{node(2)});
}

TEST_CASE("changes that break a row's invariants are left out") {
  const Map map = two_nodes();
  CHECK(apply(map, slot_change(3, 1, row(node(1), {}))) == map);
  CHECK(apply(map, slot_change(3, 1, row(node(2), {node(1)}))) == map);
  CHECK(apply(map, slot_change(3, 1, row(node(1), {node(1)}, {node(1)}))) == map);
  CHECK(apply(map, slot_change(3, 1, row(node(1), {node(1)}, {node(9)}))) == map);  // not a member
  CHECK(apply(map, slot_change(99, 1, row(node(1), {node(1)}))) == map);
}

TEST_CASE("only a copy that was in sync can become primary") {
  const Map map = two_nodes();
  CHECK(apply(map, slot_change(3, 1, row(node(2), {node(1), node(2)}))) == map);
  const Map both = apply(map, slot_change(3, 1, row(node(1), {node(1), node(2)})));
  CHECK(apply(both, slot_change(3, 2, row(node(2), {node(1), node(2)}))).rows[3].primary == node(2));
}

TEST_CASE("a member can be removed once nothing names it, and never comes back") {
  Map map = apply(two_nodes(), slot_change(3, 1, row(node(1), {node(1)}, {node(2)})));
  MapChange removal;
  removal.removals.push_back({node(2)});
  CHECK(apply(map, removal) == map);
  map = apply(map, slot_change(3, 2, row(node(1), {node(1)})));
  map = apply(map, removal);
  CHECK(map.member(node(2)) == nullptr);
  CHECK(map.removed == std::vector{node(2)});
  CHECK(test::with_member(map, member(2)) == map);
}

TEST_CASE("voters are not removed, and names are unique") {
  const Map map = two_nodes();
  MapChange removal;
  removal.removals.push_back({node(1)});
  CHECK(apply(map, removal) == map);
  Member twin = member(3);
  twin.name = "n2";
  CHECK(test::with_member(map, twin) == map);
}

TEST_CASE("a change of voters begins with both sets and ends by naming the present ones") {
  Map map = test::with_member(two_nodes(), member(3));
  MapChange begin;
  begin.voters = VotersChange{{node(1), node(2), node(3)}};
  map = apply(map, begin);
  CHECK(map.voters.size() == 3);
  CHECK(map.voters_before == NodeSet{node(1)});
  MapChange other;
  other.voters = VotersChange{{node(2)}};
  CHECK(apply(map, other) == map);  // one at a time
  map = apply(map, begin);
  CHECK(map.voters_before.empty());
}

}  // namespace
}  // namespace gridmail
