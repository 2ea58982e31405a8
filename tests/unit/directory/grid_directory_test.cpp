#include <sodium.h>

#include "tests/support/run_task.hpp"
#include "tests/unit/directory/memory_directory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

struct WithUser : MemoryDirectoryGrid {
  WithUser() {
    done(admin.add_domain("Example.org"));
    id = done(admin.add_user("User@example.ORG", "right")).id;
    done(admin.add_alias("alias@example.org", "user@example.org"));
  }
  Result<ports::Target> resolve(const std::string& address) {
    return grid.run_to_end(directory.resolve(address));
  }
  Result<ports::Account> log_in_as(const std::string& login, const std::string& password,
                                   const std::string& peer = "192.0.2.1") {
    const auto begun = grid.clock.now();
    auto result = grid.run_to_end(directory.authenticate(login, password, peer));
    took = grid.clock.now() - begun;
    return result;
  }
  UserId id;
  Duration took{0};
};

}  // namespace

TEST_CASE_FIXTURE(WithUser, "addresses resolve however they are written, aliases to their user") {
  REQUIRE(resolve("uSER@EXAMPLE.org"));
  CHECK(resolve("uSER@EXAMPLE.org")->id == id);
  CHECK(resolve("alias@example.org")->address == "user@example.org");
  CHECK(resolve("nobody@example.org").error().text == "user");
  CHECK(resolve("user@example.net").error().text == "relay");
  CHECK(resolve("user@@").error().code == Errc::invalid);
  CHECK(*grid.run_to_end(directory.is_local_domain("EXAMPLE.org")));
  CHECK(!*grid.run_to_end(directory.is_local_domain("example.net")));
}

TEST_CASE_FIXTURE(WithUser, "postmaster is found without a domain and in each of ours (RFC 5321, 4.5.1)") {
  const auto postmaster = resolve("Postmaster");
  REQUIRE(postmaster);
  CHECK(resolve("postmaster@example.org")->id == postmaster->id);
  CHECK(!resolve("postmaster@example.net"));
  done(admin.set_postmaster("user@example.org"));
  CHECK(resolve("postmaster")->id == id);
}

TEST_CASE_FIXTURE(WithUser, "while the directory is out of date a miss is temporary and a hit is good") {
  grid.followed.set_age(6s);
  CHECK(resolve("user@example.org"));
  CHECK(resolve("nobody@example.org").error().code == Errc::unavailable);
  CHECK(resolve("user@example.net").error().code == Errc::unavailable);
  CHECK(log_in_as("user@example.org", "right"));
  CHECK(log_in_as("user@example.org", "wrong").error().code == Errc::unavailable);
  CHECK(log_in_as("nobody@example.org", "wrong").error().code == Errc::unavailable);
  CHECK(log_in.failures() == 0);
}

TEST_CASE_FIXTURE(WithUser, "failed log-ins wait longer each time, by address, and are counted") {
  CHECK(log_in_as("user@example.org", "wrong").error().code == Errc::denied);
  CHECK(took >= 1s);
  CHECK(took <= 2s);
  for (int i = 0; i < 6; ++i) CHECK(!log_in_as("user@example.org", "wrong"));
  CHECK(took >= 16s);
  CHECK(took <= 25s);
  CHECK(!log_in_as("user@example.org", "wrong", "192.0.2.2"));
  CHECK(took <= 2s);
  CHECK(log_in.failures() == 8);
  CHECK(log_in_as("user@example.org", "right"));
  CHECK(took < 10ms);
  CHECK(!log_in_as("user@example.org", "wrong"));
  CHECK(took <= 2s);
}

TEST_CASE_FIXTURE(WithUser, "one who does not exist is refused as a wrong password is") {
  const auto wrong = log_in_as("user@example.org", "wrong", "192.0.2.7");
  const auto unknown = log_in_as("nobody@example.org", "wrong", "192.0.2.8");
  const auto no_address = log_in_as("nobody", "wrong", "192.0.2.9");
  REQUIRE(!unknown);
  CHECK(unknown.error().code == wrong.error().code);
  CHECK(unknown.error().text == wrong.error().text);
  CHECK(no_address.error().code == Errc::denied);
  CHECK(log_in_as("postmaster", "").error().code == Errc::denied);
}

TEST_CASE_FIXTURE(WithUser, "a verified password is forgotten with the record it was verified against") {
  CHECK(log_in_as("user@example.org", "right"));
  CHECK(log_in_as("user@example.org", "right"));
  done(admin.set_password("user@example.org", "new"));
  CHECK(!log_in_as("user@example.org", "right"));
  CHECK(log_in_as("user@example.org", "new"));
}

TEST_CASE_FIXTURE(WithUser, "a user may send as the own address and aliases only") {
  done(admin.add_user("other@example.org", "x"));
  CHECK(*grid.run_to_end(directory.may_send_as(id, "USER@example.org")));
  CHECK(*grid.run_to_end(directory.may_send_as(id, "alias@example.org")));
  CHECK(!*grid.run_to_end(directory.may_send_as(id, "other@example.org")));
  CHECK(!*grid.run_to_end(directory.may_send_as(id, "x@example.net")));
}

TEST_CASE("a hash is in libsodium's own form, and fits its password alone") {
  SeededRandom random(1);
  PasswordHasher hasher(random, nullptr, {{1, 8192}, 1, 8});
  const auto hash = run_task(hasher.hash("secret"));
  REQUIRE(hash);
  CHECK(crypto_pwhash_str_verify(hash->c_str(), "secret", 6) == 0);
  CHECK(*run_task(hasher.verify(*hash, "secret")));
  CHECK(!*run_task(hasher.verify(*hash, "Secret")));
  CHECK(!*run_task(hasher.verify("{CRYPT}$1$x$y", "secret")));
  CHECK(!*run_task(hasher.verify(hasher.nobodys_hash(), "")));
  CHECK(run_task(hasher.hash(std::string(2000, 'x'))).error().code == Errc::invalid);
}

TEST_CASE("verified passwords are remembered for minutes, for one version of the record") {
  SeededRandom random(1);
  VirtualClock clock;
  VerifiedPasswords verified(clock, random);
  verified.remember("id", 1, "secret");
  CHECK(verified.matches("id", 1, "secret"));
  CHECK(!verified.matches("id", 2, "secret"));
  CHECK(!verified.matches("id", 1, "Secret"));
  clock.set_now(clock.now() + 11min);
  CHECK(!verified.matches("id", 1, "secret"));
}
