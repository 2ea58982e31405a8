#include "storage/directory/audit_text.hpp"
#include "storage/directory/change_writer.hpp"
#include "tests/unit/directory/memory_directory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;

namespace {

/// The newest first.
std::vector<directory::AuditEntry> log_of(MemoryDirectoryGrid& dir, std::uint64_t before = UINT64_MAX,
                                          std::size_t most = 100) {
  auto entries = dir.grid.run_to_end(dir.grid.view.audit(before, most));
  REQUIRE(entries);
  return std::move(*entries);
}

DirectoryClient alice(MemoryDirectoryGrid& dir) {
  directory::Actor actor;
  actor.set_who("alice");
  actor.set_address("192.0.2.7");
  actor.set_node(Bytes(32, 'n'));
  return dir.client.in_the_name_of(actor);
}

}  // namespace

TEST_CASE("many changes together are written down by who makes them") {
  MemoryDirectoryGrid dir;
  directory::Actor actor;
  actor.set_who("alice");
  actor.set_notes_itself(true);
  auto client = dir.client.in_the_name_of(actor);
  dir.done(client.add_domain("example.org"));
  CHECK(log_of(dir).empty());
  directory::Change note;
  note.mutable_add_audit()->set_verb("domain import");
  note.mutable_add_audit()->set_object("1 domain");
  dir.done(client.change(note));
  const auto entries = log_of(dir);
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].verb() == "domain import");
  CHECK(entries[0].who() == "alice");
}

TEST_CASE("a change of the directory is written down with who, where from, what, before and after") {
  MemoryDirectoryGrid dir;
  auto client = alice(dir);
  dir.done(client.add_domain("example.org"));
  const auto id = draw_id<UserId>(dir.grid.random);
  dir.done(client.add_user(id, "a@example.org", "$argon2id$secret", true));
  directory::Change change;
  change.mutable_set_forwarding()->set_user(id.bytes());
  change.mutable_set_forwarding()->add_to("b@example.com");
  const auto begun = dir.grid.clock.wall();
  dir.done(client.change(change));
  const auto entries = log_of(dir);
  REQUIRE(entries.size() == 3);
  CHECK(entries[2].verb() == "domain add");
  CHECK(entries[2].object() == "example.org");
  CHECK(entries[2].before().empty());
  CHECK(entries[0].who() == "alice");
  CHECK(entries[0].address() == "192.0.2.7");
  CHECK(entries[0].node() == Bytes(32, 'n'));
  CHECK(entries[0].verb() == "user forward");
  CHECK(entries[0].object() == "a@example.org");
  CHECK(entries[0].before() == "forwards=0");
  CHECK(entries[0].after() == "forwards=1 keep=yes added=b@example.com");
  CHECK(entries[0].at() >= begun);
  CHECK(entries[0].at() <= dir.grid.clock.wall());
  for (const auto& entry : entries) CHECK(entry.SerializeAsString().find("secret") == Bytes::npos);
}

TEST_CASE("a removed user is named by the address, and what is refused is not written down") {
  MemoryDirectoryGrid dir;
  dir.done(dir.client.add_domain("example.org"));
  const auto id = draw_id<UserId>(dir.grid.random);
  dir.done(dir.client.add_user(id, "a@example.org", "", true));
  CHECK(dir.refused(dir.client.add_domain("example.org")) == Errc::already_exists);
  dir.done(dir.client.remove_user(id));
  const auto entries = log_of(dir);
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].verb() == "user remove");
  CHECK(entries[0].object() == "a@example.org");
  CHECK(entries[0].before() == "role=user log-in=yes");
  CHECK(entries[0].after().empty());
  CHECK(entries[0].who().empty());
}

TEST_CASE("a change that is only tried is checked, said and not made") {
  MemoryDirectoryGrid dir;
  dir.done(dir.client.add_domain("example.org"));
  const auto id = draw_id<UserId>(dir.grid.random);
  dir.done(dir.client.add_user(id, "a@example.org", "", true));
  const auto contents = dir.grid.slots.store().contents(Family::meta);
  std::vector<directory::AuditEntry> told;
  auto client = alice(dir).trying([&](const directory::AuditEntry& entry) { told.push_back(entry); });
  dir.done(client.remove_user(id));
  REQUIRE(told.size() == 1);
  CHECK(told[0].verb() == "user remove");
  CHECK(told[0].object() == "a@example.org");
  CHECK(told[0].before() == "role=user log-in=yes");
  CHECK(told[0].who() == "alice");
  CHECK(dir.refused(client.remove_domain("example.org")) == Errc::conflict);
  CHECK(dir.refused(client.remove_alias("b@example.org")) == Errc::not_found);
  CHECK(told.size() == 1);
  CHECK(dir.grid.slots.store().contents(Family::meta) == contents);
  dir.done(dir.client.remove_user(id));
}

TEST_CASE("a password that is hashed anew at a log-in is nobody's doing") {
  MemoryDirectoryGrid dir;
  dir.done(dir.client.add_domain("example.org"));
  const auto id = draw_id<UserId>(dir.grid.random);
  dir.done(dir.client.add_user(id, "a@example.org", "old", true));
  directory::Change change;
  change.mutable_update_user()->set_id(id.bytes());
  change.mutable_update_user()->set_password_hash("new");
  change.mutable_update_user()->set_expected_version(1);
  dir.done(dir.client.change(change));
  CHECK(log_of(dir).front().verb() == "user add");
  dir.done(dir.client.set_password_hash(id, "newer"));
  CHECK(log_of(dir).front().verb() == "user passwd");
}

TEST_CASE("what is no change of the directory has entries too, and is read in pages") {
  MemoryDirectoryGrid dir;
  auto client = alice(dir);
  for (int i = 0; i < 5; ++i) {
    directory::Change change;
    auto& note = *change.mutable_add_audit();
    note.set_verb("node weight");
    note.set_object("node" + std::to_string(i));
    note.set_before("weight=100");
    note.set_after("weight=50");
    dir.done(client.change(change));
  }
  const auto first = log_of(dir, UINT64_MAX, 2);
  REQUIRE(first.size() == 2);
  CHECK(first[0].object() == "node4");
  CHECK(first[0].before() == "weight=100");
  CHECK(first[1].after() == "weight=50");
  const auto second = log_of(dir, first[1].number(), 2);
  REQUIRE(second.size() == 2);
  CHECK(second[0].object() == "node2");
  CHECK(log_of(dir, 1).size() == 1);
  CHECK(log_of(dir, 0).empty());
}

TEST_CASE("a change that is asked for twice is written down once") {
  MemoryDirectoryGrid dir(7);
  dir.grid.slots.faults.answer_lost = 0.4;
  dir.grid.slots.faults.commit_breaks = 0.3;
  for (int i = 0; i < 20; ++i) dir.done(dir.client.add_domain("d" + std::to_string(i) + ".example"));
  const auto entries = log_of(dir);
  REQUIRE(entries.size() == 20);
  for (std::size_t i = 0; i < 20; ++i) CHECK(entries[i].number() == 19 - i);
}

TEST_CASE("the log keeps as many entries, and as old ones, as it is told") {
  MemoryDirectoryGrid dir;
  const auto slot = dir.directory_slot();
  const auto note = [&](AuditKept kept) {
    OperationBuilder builder(dir.grid.slots.store().snapshot());
    ChangeWriter writer(builder, slot, dir.grid.clock.wall(), kept);
    directory::Change change;
    change.mutable_add_audit()->set_verb("node drain");
    REQUIRE(dir.grid.run_to_end(writer.write(change)));
    Batch batch;
    for (const auto& write : builder.take().writes) {
      if (write.value) {
        batch.put(write.family, write.key, *write.value);
      } else {
        batch.remove(write.family, write.key);
      }
    }
    REQUIRE(dir.grid.run_to_end(dir.grid.slots.store().commit(std::move(batch))));
    dir.follow();
  };
  const AuditKept kept{10, 10'000'000, 5'000'000, 15};
  for (int i = 0; i < 12; ++i) note(kept);
  CHECK(log_of(dir).size() == 12);  // none is old enough to go
  for (int i = 0; i < 8; ++i) note(kept);
  CHECK(log_of(dir).size() == 15);
  dir.grid.clock.set_now(dir.grid.clock.now() + std::chrono::seconds(6));
  for (int i = 0; i < 3; ++i) note(kept);
  auto entries = log_of(dir);
  REQUIRE(entries.size() == 10);
  CHECK(entries.back().number() == 13);
  dir.grid.clock.set_now(dir.grid.clock.now() + std::chrono::seconds(11));
  for (int i = 0; i < 4; ++i) note(kept);
  entries = log_of(dir);
  CHECK(entries.size() == 4);  // the old ones are gone, a few with each new one
}

TEST_CASE("of many addresses the log says which came and which went, however many there are") {
  MemoryDirectoryGrid dir;
  dir.done(dir.client.add_domain("example.org"));
  directory::Change change;
  change.mutable_add_list()->set_address("all@example.org");
  for (int i = 0; i < 40; ++i)
    change.mutable_add_list()->add_members("member" + std::to_string(i) + "@example.com");
  dir.done(dir.client.change(change));
  change.mutable_change_list()->set_address("all@example.org");
  change.mutable_change_list()->add_removed("member39@example.com");
  for (const auto* added : {"new2@example.com", "new1@example.com", "member1@example.com"})
    change.mutable_change_list()->add_added(added);
  dir.done(dir.client.change(change));
  auto newest = log_of(dir).front();
  CHECK(newest.before() == "members=40 removed=member39@example.com");
  CHECK(newest.after() == "members=41 added=new1@example.com,new2@example.com");

  change.mutable_change_list()->clear_removed();
  for (int i = 0; i < 500; ++i)
    change.mutable_change_list()->add_added("another" + std::to_string(i) + "@example.com");
  dir.done(dir.client.change(change));
  newest = log_of(dir).front();
  CHECK(newest.before() == "members=41");
  CHECK(newest.after().starts_with("members=541 added=another0@example.com,"));
  CHECK(newest.after().ends_with("…"));
  CHECK(newest.after().size() > 4000);
  CHECK(newest.after().size() <= 4096);
}

TEST_CASE("who may send in a user's name, and where the mail goes, is told by what was changed") {
  MemoryDirectoryGrid dir;
  dir.done(dir.client.add_domain("example.org"));
  std::vector<UserId> users;
  for (const auto* address : {"a@example.org", "b@example.org", "c@example.org"}) {
    users.push_back(draw_id<UserId>(dir.grid.random));
    dir.done(dir.client.add_user(users.back(), address, "", true));
  }
  const auto delegate = [&](UserId to) {
    directory::Change change;
    change.mutable_set_delegates()->set_user(users[0].bytes());
    change.mutable_set_delegates()->add_delegates(to.bytes());
    dir.done(dir.client.change(change));
    return log_of(dir).front();
  };
  CHECK(delegate(users[1]).before() == "delegates=0");
  const auto changed = delegate(users[2]);
  CHECK(changed.before() == "delegates=1 removed=b@example.org");
  CHECK(changed.after() == "delegates=1 added=c@example.org");

  directory::Change change;
  change.mutable_set_forwarding()->set_user(users[0].bytes());
  change.mutable_set_forwarding()->add_to("far@example.com");
  dir.done(dir.client.change(change));
  change.mutable_set_forwarding()->set_only(true);
  dir.done(dir.client.change(change));
  const auto kept = log_of(dir).front();
  CHECK(kept.before() == "forwards=1 keep=yes");
  CHECK(kept.after() == "forwards=1 keep=no");
}

TEST_CASE("what the log says is short, on one line, and whole characters") {
  CHECK(shortened("a\r\nb", 10) == "a  b");
  CHECK(shortened("äöüäöü", 8) == "äö…");
  CHECK(shortened("abc", 3) == "abc");
}
