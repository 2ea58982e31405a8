#include "node/services/directory/srs_secrets.hpp"

#include "node/services/directory/srs_secret_keeper.hpp"
#include "tests/unit/directory/memory_directory_grid.hpp"
#include "tests/unit/directory/sealing_member.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

using Secrets = std::vector<Bytes>;

struct Forwarding : MemoryDirectoryGrid {
  SystemRandom keys;
  SealingMember first{keys}, second{keys};
  std::shared_ptr<Map> map = std::make_shared<Map>();

  Forwarding() { map->members = {first.member}; }

  /// What a node's keeper does when it looks; all members are alive but `dead`.
  bool keep(const SealingMember& node, NodeId dead = {}) {
    SrsSecretKeeper keeper({grid.clock, grid.random, grid.view, client, [this] { return map; },
                            [dead](NodeId id) { return id != dead; }},
                           node.member.id, node.seed);
    const bool is_done = grid.run_to_end(keeper.look());
    follow();
    return is_done;
  }
  Result<Secrets> opened_by(const SealingMember& node) {
    SrsSecrets secrets(grid.view, grid.clock, {node.member.id, node.seed});
    return grid.run_to_end(secrets.all());
  }
  directory::Settings settings() {
    const auto stored = grid.run_to_end(grid.view.settings());
    REQUIRE(stored);
    return *stored;
  }
  void pass(Duration time) { grid.clock.jump_wall(to_micros(time)); }
};

constexpr Duration day = 24h;

}  // namespace

TEST_CASE_FIXTURE(Forwarding, "the first living member makes a secret that members alone can read") {
  map->members = {first.member, second.member};
  CHECK(opened_by(first).value().empty());
  CHECK(keep(second));
  CHECK(opened_by(first).value().empty());
  CHECK(keep(second, first.member.id));
  const auto secrets = opened_by(second).value();
  REQUIRE(secrets.size() == 1);
  CHECK(secrets.front().size() == 32);
  CHECK(settings().SerializeAsString().find(secrets.front()) == std::string::npos);
  CHECK(keep(first));
  CHECK(opened_by(first).value() == secrets);
}

TEST_CASE_FIXTURE(Forwarding, "members that come can read it once a living one has sealed it to them") {
  keep(first);
  map->members = {second.member, first.member};
  keep(second);  // cannot
  CHECK(opened_by(second).error().code == Errc::unavailable);
  keep(first);
  CHECK(opened_by(second).value() == opened_by(first).value());
  CHECK(settings().srs_version() == 2);
  keep(first);
  CHECK(settings().srs_version() == 2);
}

TEST_CASE_FIXTURE(Forwarding, "a secret that no member can read any more is replaced") {
  keep(first);
  const auto lost = opened_by(first).value();
  map->members = {second.member};
  keep(second);
  const auto secrets = opened_by(second).value();
  CHECK(secrets.size() == 1);
  CHECK(secrets != lost);
}

TEST_CASE_FIXTURE(
    Forwarding,
    "after 30 days a new secret signs, once all may have it; what the old one signed is known for 3 weeks") {
  keep(first);
  const auto old = opened_by(first).value().front();
  pass(29 * day);
  keep(first);
  CHECK(opened_by(first).value() == Secrets{old});
  pass(1 * day);
  keep(first);
  auto both = opened_by(first).value();
  REQUIRE(both.size() == 2);
  CHECK(both.front() == old);
  pass(1min);
  const auto after = opened_by(first).value();
  CHECK(after == Secrets{both[1], old});
  pass(22 * day);
  keep(first);
  CHECK(opened_by(first).value() == after);
  pass(1 * day);
  keep(first);
  CHECK(opened_by(first).value() == Secrets{both[1]});
}

TEST_CASE_FIXTURE(Forwarding, "a secret from before they were sealed signs, and is sealed") {
  const Secrets plain{Bytes(32, 's')};
  auto record = settings();
  record.set_srs_secret(plain.front());
  Batch batch;
  batch.put(Family::meta, DirectoryKeys(directory_slot()).settings(), record.SerializeAsString());
  REQUIRE(grid.run_to_end(grid.slots.store().commit(std::move(batch))));
  follow();
  CHECK(opened_by(first).value() == plain);
  keep(first);
  CHECK(settings().srs_secret().empty());
  CHECK(opened_by(first).value() == plain);
}

TEST_CASE_FIXTURE(Forwarding, "of two nodes that change secrets at once one is refused") {
  keep(first);
  directory::Change change;
  *change.mutable_set_srs_secrets()->mutable_secrets() = settings().srs_secrets();
  CHECK(refused(client.change(change)) == Errc::conflict);
  change.mutable_set_srs_secrets()->set_expected_version(1);
  done(client.change(change));
  change.mutable_set_srs_secrets()->set_expected_version(2);
  change.mutable_set_srs_secrets()->clear_secrets();
  CHECK(refused(client.change(change)) == Errc::invalid);
}
