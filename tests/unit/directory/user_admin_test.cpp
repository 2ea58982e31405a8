#include "tests/unit/directory/memory_directory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

TEST_CASE("adding a user makes the mailboxes; stopping in between is healed by asking again") {
  MemoryDirectoryGrid dir;
  dir.done(dir.admin.add_domain("example.org"));
  const auto added = dir.done(dir.admin.add_user("a@example.org", "x"));
  CHECK(dir.grid.mailboxes.has_user(added.id));
  CHECK(dir.refused(dir.admin.add_user("A@Example.org", "x")) == Errc::already_exists);

  dir.grid.mailboxes.fail_with(Errc::no_space);
  CHECK(dir.refused(dir.admin.add_user("b@example.org", "x")) == Errc::unavailable);
  dir.follow();
  dir.grid.mailboxes.fail_with(std::nullopt);
  CHECK(dir.refused(dir.admin.add_user("b@example.org", "x")) == Errc::already_exists);
  const auto b = dir.grid.run_to_end(dir.admin.user("b@example.org"));
  REQUIRE(b);
  CHECK(dir.grid.mailboxes.has_user(b->id));
}

TEST_CASE("who gets a first password gets mailboxes: the postmaster; a password is changed without them") {
  MemoryDirectoryGrid dir;
  const auto postmaster = dir.grid.run_to_end(dir.admin.user("postmaster"));
  REQUIRE(postmaster);
  CHECK_FALSE(dir.grid.mailboxes.has_user(postmaster->id));
  dir.done(dir.admin.set_password("postmaster", "x"));
  CHECK(dir.grid.mailboxes.has_user(postmaster->id));
  dir.grid.mailboxes.fail_with(Errc::no_space);
  dir.done(dir.admin.set_password("postmaster", "y"));
}

TEST_CASE("users are listed by domain and name, page by page") {
  MemoryDirectoryGrid dir;
  dir.done(dir.admin.add_domain("b.example"));
  dir.done(dir.admin.add_domain("a.example"));
  for (const auto* name : {"z@a.example", "c@a.example", "x@b.example"})
    dir.done(dir.admin.add_user(name, "x"));
  dir.done(dir.admin.add_alias("k@a.example", "z@a.example"));
  std::vector<std::string> seen;
  std::string from;
  do {
    const auto page = dir.grid.run_to_end(dir.admin.users({}, from, 1));
    REQUIRE(page);
    for (const auto& row : page->users) seen.push_back(row.address);
    from = page->next;
  } while (!from.empty());
  CHECK(seen == std::vector<std::string>{"postmaster", "c@a.example", "z@a.example", "x@b.example"});
  const auto domains = dir.grid.run_to_end(dir.admin.domains());
  REQUIRE(domains);
  REQUIRE(domains->size() == 2);
  CHECK(domains->front().users == 2);
  const auto aliases = dir.grid.run_to_end(dir.admin.aliases());
  REQUIRE(aliases);
  REQUIRE(aliases->size() == 1);
  CHECK(aliases->front().target == "z@a.example");
}

TEST_CASE("administrators log in by password or token; both end with the account") {
  MemoryDirectoryGrid dir;
  dir.done(dir.admin.put_admin("root", "right", false));
  CHECK(dir.refused(dir.admin.put_admin("root", "x", false)) == Errc::already_exists);
  CHECK(dir.grid.run_to_end(dir.admin.authenticate_admin("root", "right", "::1")));
  CHECK(dir.refused(dir.admin.authenticate_admin("root", "wrong", "::1")) == Errc::denied);
  CHECK(dir.refused(dir.admin.authenticate_admin("nobody", "right", "::1")) == Errc::denied);
  const auto token = dir.done(dir.admin.add_token("ci", "root", 0));
  CHECK(dir.grid.run_to_end(dir.admin.authenticate_token(token.secret)).value().admin() == "root");
  CHECK(dir.refused(dir.admin.authenticate_token(token.secret + "x")) == Errc::denied);
  const auto short_lived = dir.done(dir.admin.add_token("short", "root", dir.grid.clock.wall() + 1'000'000));
  dir.grid.run(2s);
  CHECK(dir.refused(dir.admin.authenticate_token(short_lived.secret)) == Errc::denied);
  CHECK(dir.refused(dir.admin.remove_admin("root")) == Errc::conflict);  // the last one
  CHECK(dir.grid.run_to_end(dir.admin.authenticate_token(token.secret)));
  CHECK(dir.refused(dir.admin.remove_admin("nobody")) == Errc::not_found);
  dir.done(dir.admin.put_admin("other", "right", false));
  CHECK(dir.refused(dir.admin.put_admin("nobody", "new", true)) == Errc::not_found);
  dir.done(dir.admin.put_admin("root", "new", true));
  CHECK(dir.refused(dir.admin.authenticate_admin("root", "right", "::1")) == Errc::denied);
  CHECK(dir.grid.run_to_end(dir.admin.authenticate_admin("root", "new", "::1")));
  dir.done(dir.admin.remove_admin("root"));
  CHECK(dir.refused(dir.admin.authenticate_token(token.secret)) == Errc::denied);
  CHECK(dir.refused(dir.admin.authenticate_admin("root", "right", "::1")) == Errc::denied);
}

TEST_CASE("an administrator who was removed and added again has the new password only") {
  MemoryDirectoryGrid dir;
  dir.done(dir.admin.put_admin("other", "x", false));
  dir.done(dir.admin.put_admin("root", "old", false));
  CHECK(dir.grid.run_to_end(dir.admin.authenticate_admin("root", "old", "::1")));
  dir.grid.run(1s);
  dir.done(dir.admin.remove_admin("root"));
  dir.done(dir.admin.put_admin("root", "new", false));
  CHECK(dir.refused(dir.admin.authenticate_admin("root", "old", "::1")) == Errc::denied);
  CHECK(dir.grid.run_to_end(dir.admin.authenticate_admin("root", "new", "::1")));
  CHECK(dir.refused(dir.admin.authenticate_admin("root", "old", "::1")) == Errc::denied);
}

TEST_CASE("an alias is no name by which to remove a user") {
  MemoryDirectoryGrid dir;
  dir.done(dir.admin.add_domain("example.org"));
  dir.done(dir.admin.add_user("a@example.org", "x"));
  dir.done(dir.admin.add_alias("other@example.org", "a@example.org"));
  CHECK(dir.refused(dir.admin.remove_user("other@example.org")) == Errc::invalid);
  CHECK(dir.grid.run_to_end(dir.admin.user("a@example.org")));
  dir.done(dir.admin.remove_user("A@Example.org"));
  CHECK_FALSE(dir.grid.run_to_end(dir.admin.user("a@example.org")));
}

TEST_CASE("a removed user's data goes after 14 days, and only then") {
  MemoryDirectoryGrid dir;
  dir.done(dir.admin.add_domain("example.org"));
  const auto id = dir.done(dir.admin.add_user("a@example.org", "x")).id;
  dir.done(dir.admin.remove_user("a@example.org"));
  CHECK(dir.done(dir.admin.sweep_removed_users()) == 0);
  CHECK(dir.grid.mailboxes.has_user(id));
  dir.grid.clock.set_now(dir.grid.clock.now() + 15 * 24h);
  CHECK(dir.done(dir.admin.sweep_removed_users()) == 1);
  CHECK(!dir.grid.mailboxes.has_user(id));
  CHECK(dir.done(dir.admin.sweep_removed_users()) == 0);
}
