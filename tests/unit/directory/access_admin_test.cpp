#include "node/services/directory/access_admin.hpp"

#include "node/services/directory/app_password.hpp"
#include "tests/unit/directory/memory_directory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

struct AccessGrid : MemoryDirectoryGrid {
  AccessGrid() {
    done(client.add_domain("example.org"));
    user = done(admin.add_user("anna@example.org", "secret")).id;
  }
  /// Whether the password lets anna in by that protocol.
  bool fits(const std::string& password, ports::Protocol protocol) {
    const auto account =
        grid.run_to_end(directory.authenticate("anna@example.org", password, "192.0.2.1", protocol));
    return account && account->id == user;
  }
  Result<KnownAccount> session(const std::string& secret) { return grid.run_to_end(access.session(secret)); }
  /// How many keys of the directory begin so behind slot and area.
  std::size_t kept(char table) {
    std::size_t count = 0;
    const Bytes first = slot_key(directory_slot(), 'd', Bytes(1, table));
    for (const auto& [key, value] : grid.slots.store().contents(Family::meta))
      count += key.compare(0, first.size(), first) == 0 ? 1 : 0;
    return count;
  }

  UserId user;
  AccessAdmin access{{grid.clock, grid.random, grid.view, client, directory}};
};

}  // namespace

TEST_CASE_FIXTURE(AccessGrid, "an app password is for its protocols and no others, until it is removed") {
  const auto added = done(access.add_app_password("anna@example.org", "phone", {"smtp", "imap", "imap"}));
  CHECK(fits(added.password, ports::Protocol::imap));
  CHECK(fits(added.password, ports::Protocol::smtp));
  CHECK(!fits(added.password, ports::Protocol::pop3));
  CHECK(!fits(added.password, ports::Protocol::http));
  CHECK(fits("secret", ports::Protocol::pop3));
  const auto listed = grid.run_to_end(access.app_passwords("anna@example.org"));
  REQUIRE(listed);
  REQUIRE(listed->size() == 1);
  CHECK(listed->front().protocols_size() == 2);
  CHECK(listed->front().SerializeAsString().find(added.password) == Bytes::npos);
  done(access.remove_app_password("anna@example.org", "phone"));
  CHECK(!fits(added.password, ports::Protocol::imap));
  CHECK(refused(access.remove_app_password("anna@example.org", "phone")) == Errc::not_found);
}

TEST_CASE_FIXTURE(AccessGrid, "an app password has a name of its own, and protocols that there are") {
  done(access.add_app_password("anna@example.org", "phone", {"imap"}));
  CHECK(refused(access.add_app_password("anna@example.org", "phone", {"imap"})) == Errc::already_exists);
  for (const std::string protocol : {"http", "ftp", ""}) {
    CAPTURE(protocol);
    CHECK(refused(access.add_app_password("anna@example.org", "x", {protocol})) == Errc::invalid);
  }
  CHECK(refused(access.add_app_password("anna@example.org", "x", {})) == Errc::invalid);
  CHECK(refused(access.add_app_password("anna@example.org", "a\nb", {"imap"})) == Errc::invalid);
  CHECK(refused(access.add_app_password("nobody@example.org", "x", {"imap"})) == Errc::not_found);
}

TEST_CASE_FIXTURE(AccessGrid, "an app password is right as people type it") {
  const auto added = done(access.add_app_password("anna@example.org", "phone", {"imap"}));
  std::string typed;
  for (const char c : added.password) typed += c == '-' ? ' ' : static_cast<char>(std::toupper(c));
  CHECK(fits(typed, ports::Protocol::imap));
  CHECK(!fits(typed + "a", ports::Protocol::imap));
}

TEST_CASE_FIXTURE(AccessGrid, "a removed user's app passwords and tokens go, too") {
  done(access.add_app_password("anna@example.org", "phone", {"imap"}));
  done(access.set_role("anna@example.org", directory::ROLE_ADMIN));
  const auto token = done(admin.add_token("hers", "anna@example.org", 0));
  done(admin.remove_user("anna@example.org"));
  CHECK(grid.run_to_end(grid.view.app_passwords_of(user))->empty());
  CHECK(refused(admin.authenticate_token(token.secret)) == Errc::denied);
}

TEST_CASE_FIXTURE(AccessGrid, "a token can do no more than its owner") {
  done(access.set_role("anna@example.org", directory::ROLE_ADMIN));
  const auto made = done(admin.add_token("hers", "anna@example.org", 0, {}, directory::ROLE_OPERATOR));
  const auto owner_of = [&] {
    auto token = grid.run_to_end(admin.authenticate_token(made.secret));
    REQUIRE(token);
    return grid.run_to_end(access.owner_of(std::move(*token)));
  };
  CHECK(owner_of()->role == directory::ROLE_OPERATOR);
  done(access.set_role("anna@example.org", directory::ROLE_VIEWER));
  CHECK(owner_of()->role == directory::ROLE_VIEWER);
  CHECK(refused(admin.add_token("hers", "anna@example.org", 0)) == Errc::already_exists);
  CHECK(refused(admin.add_token("a b", "anna@example.org", 0)) == Errc::invalid);
  CHECK(refused(admin.add_token("his", "nobody@example.org", 0)) == Errc::not_found);
}

TEST_CASE_FIXTURE(AccessGrid, "a session is its user's with the present role, until its time is over") {
  const auto begun = done(access.begin_session("anna@example.org"));
  CHECK(session(begun.secret)->account == "anna@example.org");
  CHECK(session(begun.secret)->role == directory::ROLE_USER);
  done(access.set_role("anna@example.org", directory::ROLE_VIEWER));
  CHECK(session(begun.secret)->role == directory::ROLE_VIEWER);
  CHECK(session(begun.secret + "x").error().code == Errc::denied);
  grid.clock.set_now(grid.clock.now() + 13h);
  CHECK(session(begun.secret).error().code == Errc::denied);
}

TEST_CASE_FIXTURE(AccessGrid, "a session ends with the password it began by, and when it is ended") {
  const auto first = done(access.begin_session("anna@example.org"));
  const auto second = done(access.begin_session("anna@example.org"));
  done(access.end_session(first.secret));
  CHECK(session(first.secret).error().code == Errc::denied);
  CHECK(refused(access.end_session(first.secret)) == Errc::not_found);
  CHECK(session(second.secret).has_value());
  grid.clock.set_now(grid.clock.now() + 1s);
  done(admin.set_password("anna@example.org", "another"));
  CHECK(session(second.secret).error().code == Errc::denied);
  grid.clock.set_now(grid.clock.now() + 1s);
  const auto third = done(access.begin_session("anna@example.org"));
  CHECK(session(third.secret).has_value());
  done(admin.remove_user("anna@example.org"));
  CHECK(session(third.secret).error().code == Errc::denied);
}

TEST_CASE_FIXTURE(AccessGrid, "the log of changes notes sessions of those who may change the grid") {
  const auto noted = [&] {
    const auto entries = grid.run_to_end(grid.view.audit(UINT64_MAX, 100));
    REQUIRE(entries);
    return std::count_if(entries->begin(), entries->end(),
                         [](const auto& entry) { return entry.verb().starts_with("session "); });
  };
  done(access.end_session(done(access.begin_session("anna@example.org")).secret));
  CHECK(noted() == 0);
  done(admin.put_admin("root", "secret", false));
  done(access.end_session(done(access.begin_session("root")).secret));
  CHECK(noted() == 2);
  done(access.set_role("anna@example.org", directory::ROLE_OPERATOR));
  (void)done(access.begin_session("anna@example.org"));
  CHECK(noted() == 3);
}

TEST_CASE_FIXTURE(AccessGrid, "sessions that are over are forgotten by and by") {
  for (int i = 0; i < 20; ++i) done(access.begin_session("anna@example.org"));
  grid.clock.set_now(grid.clock.now() + 13h);
  for (int i = 0; i < 5; ++i) done(access.begin_session("anna@example.org"));
  for (const char table : {'y', 'z', 'q'}) CHECK(kept(table) == 5);
}

TEST_CASE_FIXTURE(AccessGrid, "of an account's sessions the newest fifty go on") {
  done(admin.put_admin("root", "secret", false));
  const auto roots = done(access.begin_session("root"));
  std::vector<std::string> secrets;
  for (int i = 0; i < 52; ++i) {
    secrets.push_back(done(access.begin_session("anna@example.org")).secret);
    grid.clock.set_now(grid.clock.now() + 1s);
  }
  CHECK(session(secrets[0]).error().code == Errc::denied);
  CHECK(session(secrets[1]).error().code == Errc::denied);
  for (std::size_t i = 2; i < secrets.size(); ++i) CHECK(session(secrets[i]).has_value());
  CHECK(session(roots.secret).has_value());
  for (const char table : {'y', 'z', 'q'}) CHECK(kept(table) == 51);
  done(access.end_session(secrets.back()));
  done(access.begin_session("anna@example.org"));
  CHECK(session(secrets[2]).has_value());
}

TEST_CASE_FIXTURE(AccessGrid, "an administrator's session ends with the password") {
  done(admin.put_admin("root", "secret", false));
  const auto begun = done(access.begin_session("root"));
  grid.clock.set_now(grid.clock.now() + 1s);
  done(admin.put_admin("root", "new", true));
  CHECK(session(begun.secret).error().code == Errc::denied);
}

TEST_CASE_FIXTURE(AccessGrid, "an administrator's session ends with the account") {
  done(admin.put_admin("root", "secret", false));
  const auto begun = done(access.begin_session("root"));
  CHECK(session(begun.secret)->account == "root");
  CHECK(session(begun.secret)->role == directory::ROLE_ADMIN);
  done(admin.put_admin("other", "secret", false));
  done(admin.remove_admin("root"));
  CHECK(session(begun.secret).error().code == Errc::denied);
}

TEST_CASE("what is drawn as an app password is long, and not twice the same") {
  MemoryDirectoryGrid dir;
  const auto first = draw_app_password(dir.grid.random), second = draw_app_password(dir.grid.random);
  CHECK(first.size() == 23);
  CHECK(first != second);
}
