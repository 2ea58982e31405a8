// Mailboxes as a whole: names, UIDVALIDITY, subscriptions.
#include "storage/mailbox/mailbox_name.hpp"
#include "tests/unit/mailbox/mailbox_grid.hpp"

namespace gridmail::test {
namespace {

using Grid = MailboxGrid;

std::map<std::string, mailbox::Listing::Name> listed(Grid& grid) {
  std::map<std::string, mailbox::Listing::Name> names;
  const auto listing = grid.must(grid.client.list(grid.user));
  for (const auto& name : listing.names()) names[name.name()] = name;
  return names;
}

std::uint32_t validity_of(Grid& grid, std::string name) {
  return grid.open(std::move(name)).status().uid_validity();
}

TEST_CASE(
    "a new user has INBOX and the special-use mailboxes, subscribed, and being created again changes "
    "nothing") {
  Grid grid;
  grid.deliver("a");
  grid.must(grid.client.create_user(grid.user));
  const auto names = listed(grid);
  CHECK(names.size() == 6);
  CHECK(names.at("Sent").use() == mailbox::SENT);
  CHECK(names.at("Trash").use() == mailbox::TRASH);
  for (const auto& [name, info] : names) CHECK(info.subscribed());
  CHECK(grid.uids_of().size() == 1);
}

TEST_CASE("UIDVALIDITY starts at the Unix time of creation and rises by one per mailbox") {
  Grid grid;
  const auto first = validity_of(grid, "INBOX");
  CHECK(first >= 1'700'000'000);
  CHECK(validity_of(grid, "Trash") == first + 5);
  grid.must(grid.client.create(grid.user, "New", mailbox::NONE));
  CHECK(validity_of(grid, "New") == first + 6);
}

TEST_CASE("CREATE makes missing parents and refuses names that are taken or wrong") {
  Grid grid;
  grid.must(grid.client.create(grid.user, "a/b/c", mailbox::NONE));
  CHECK(listed(grid).at("a/b").mailbox() != 0);
  CHECK(grid.refused(grid.client.create(grid.user, "a/b", mailbox::NONE)).code == Errc::already_exists);
  CHECK(grid.refused(grid.client.create(grid.user, "iNBoX", mailbox::NONE)).code == Errc::already_exists);
  for (const char* name : {"", "/a", "a/", "a//b", "a\x01", "a\x7f"}) {
    CHECK(grid.refused(grid.client.create(grid.user, name, mailbox::NONE)).code == Errc::invalid);
  }
  CHECK(grid.refused(grid.client.create(grid.user, std::string(1001, 'x'), mailbox::NONE)).code ==
        Errc::invalid);
  grid.must(grid.client.create(grid.user, "inbox/child", mailbox::NONE));
  CHECK(listed(grid).contains("INBOX/child"));
}

TEST_CASE("DELETE leaves children and subscription, and the name starts anew with a higher UIDVALIDITY") {
  Grid grid;
  grid.must(grid.client.create(grid.user, "a/b", mailbox::NONE));
  grid.must(grid.client.subscribe(grid.user, "a", true));
  grid.deliver("x", "a");
  const auto before = validity_of(grid, "a");
  const auto id = grid.id_of("a");
  grid.must(grid.client.remove(grid.user, "a"));
  CHECK(listed(grid).at("a").mailbox() == 0);
  CHECK(listed(grid).at("a").subscribed());
  CHECK(grid.refused(grid.client.changes(grid.user, id, 0, true)).text == "mailbox");
  CHECK(grid.refused(grid.client.remove(grid.user, "a")).code == Errc::invalid);
  CHECK(grid.refused(grid.client.remove(grid.user, "inbox")).code == Errc::invalid);
  CHECK(grid.refused(grid.client.remove(grid.user, "nothing")).code == Errc::not_found);
  CHECK(grid.must(grid.client.usage(grid.user)).messages() == 0);
  grid.must(grid.client.create(grid.user, "a", mailbox::NONE));
  CHECK(validity_of(grid, "a") > before);
  CHECK(grid.uids_of("a").empty());
}

TEST_CASE("the sweep drops what a deleted mailbox held") {
  Grid grid;
  for (int i = 0; i < 400; ++i) grid.deliver("body " + std::to_string(i), "Trash");
  grid.must(grid.client.remove(grid.user, "Trash"));
  run_for(grid.context, grid.clock, std::chrono::hours(2));
  grid.must(grid.client.sweep(grid.user));
  CHECK(
      !grid.store.contents(Family::body).empty());  // its bytes wait once more: a session may still show them
  run_for(grid.context, grid.clock, std::chrono::hours(2));
  grid.must(grid.client.sweep(grid.user));
  CHECK(grid.store.contents(Family::body).empty());
}

TEST_CASE("RENAME moves a tree of names with ids, UIDVALIDITY and messages") {
  Grid grid;
  grid.must(grid.client.create(grid.user, "a/b/c", mailbox::NONE));
  grid.deliver("x", "a/b");
  const auto id = grid.id_of("a/b");
  const auto validity = validity_of(grid, "a/b");
  grid.must(grid.client.rename(grid.user, "a", "new/top"));
  const auto names = listed(grid);
  CHECK(names.at("new/top/b").mailbox() == id);
  CHECK(names.contains("new/top/b/c"));
  CHECK(!names.contains("a"));
  CHECK(names.at("new").mailbox() != 0);
  CHECK(validity_of(grid, "new/top/b") == validity);
  CHECK(grid.uids_of("new/top/b") == std::vector<Uid>{1});
  CHECK(grid.refused(grid.client.rename(grid.user, "new/top", "new/top/b/x")).code == Errc::invalid);
  CHECK(grid.refused(grid.client.rename(grid.user, "new/top", "Sent")).code == Errc::already_exists);
  CHECK(grid.refused(grid.client.rename(grid.user, "gone", "x")).code == Errc::not_found);
  CHECK(grid.refused(grid.client.rename(grid.user, "Sent", "inbox")).code == Errc::already_exists);
}

TEST_CASE("a renamed mailbox draws a new UIDVALIDITY where its new name once had a higher one") {
  Grid grid;
  grid.must(grid.client.create(grid.user, "old", mailbox::NONE));
  grid.must(grid.client.create(grid.user, "young", mailbox::NONE));
  const auto young = validity_of(grid, "young");
  grid.must(grid.client.remove(grid.user, "young"));
  grid.must(grid.client.rename(grid.user, "old", "young"));
  CHECK(validity_of(grid, "young") > young);
  const auto kept = validity_of(grid, "young");
  grid.must(grid.client.rename(grid.user, "young", "old"));
  CHECK(validity_of(grid, "old") == kept);
}

TEST_CASE("UIDVALIDITY stays safe when more names are given up than are remembered") {
  Grid grid;
  grid.must(grid.client.create(grid.user, "first", mailbox::NONE));
  std::uint32_t highest = 0;
  for (int i = 0; i < 1005; ++i) {
    const auto name = "n" + std::to_string(i);
    grid.must(grid.client.create(grid.user, name, mailbox::NONE));
    if (i == 1004) highest = validity_of(grid, name);
    grid.must(grid.client.remove(grid.user, name));
  }
  grid.must(grid.client.rename(grid.user, "first", "n1004"));
  CHECK(validity_of(grid, "n1004") > highest);
}

TEST_CASE("RENAME of INBOX moves its messages under new UIDs and leaves INBOX as it was, empty") {
  Grid grid;
  for (int i = 0; i < 3; ++i) grid.deliver("m");
  grid.must(grid.client.expunge(grid.user, grid.id_of(), Grid::set_of({1}), false));
  const auto before = grid.open().status();
  grid.must(grid.client.rename(grid.user, "INBOX", "old/mail"));
  const auto after = grid.open().status();
  CHECK(after.messages() == 0);
  CHECK(after.uid_next() == before.uid_next());
  CHECK(after.uid_validity() == before.uid_validity());
  CHECK(after.highest_modseq() > before.highest_modseq());
  CHECK(grid.uids_of("old/mail") == std::vector<Uid>{1, 2});
  CHECK(grid.deliver("next").uid() == 4);
}

TEST_CASE("RENAME of a large INBOX takes several operations and goes on after a break") {
  Grid grid;
  const auto box = grid.deliver("m").mailbox();
  for (int i = 0; i < 12; ++i)
    grid.must(grid.client.copy(grid.user, box, *to_set(grid.open().uids()), "INBOX"));
  REQUIRE(grid.uids_of().size() == 4096);
  std::size_t commits = 0;
  grid.slots.slot->fate = [&] { return ++commits == 3 ? Fate::lost : Fate::normal; };
  grid.slots.on_failure = [&] { grid.fail_over(); };
  grid.must(grid.client.rename(grid.user, "INBOX", "all"));
  CHECK(grid.uids_of().empty());
  CHECK(grid.uids_of("all").size() == 4096);
}

TEST_CASE("a subscription may name what does not exist, and ends without a trace") {
  Grid grid;
  grid.must(grid.client.subscribe(grid.user, "some/name", true));
  CHECK(listed(grid).at("some/name").subscribed());
  CHECK(!listed(grid).contains("some"));
  const auto keys = grid.store.contents(Family::meta).size();
  grid.must(grid.client.subscribe(grid.user, "some/name", false));
  CHECK(!listed(grid).contains("some/name"));
  CHECK(grid.store.contents(Family::meta).size() <= keys + 1);  // two records of the GUID, less the name
}

TEST_CASE("names that are parts of other names do not disturb each other") {
  Grid grid;
  for (const char* name : {"a", "a b", "a-b/c", "ab", "a/x"}) {
    if (std::string(name) != "a/x") grid.must(grid.client.create(grid.user, name, mailbox::NONE));
  }
  grid.must(grid.client.create(grid.user, "a/x", mailbox::NONE));
  grid.must(grid.client.rename(grid.user, "a", "z"));
  const auto names = listed(grid);
  for (const char* name : {"z", "z/x", "a b", "a-b/c", "ab"}) CHECK(names.contains(name));
  CHECK(is_below("a/x", "a"));
  CHECK(!is_below("ab", "a"));
}

}  // namespace
}  // namespace gridmail::test
