#include <sodium.h>

#include <thread>

#include "node/services/directory/crypt_scheme.hpp"
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
    auto result = grid.run_to_end(directory.authenticate(login, password, peer, ports::Protocol::imap));
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
  CHECK(resolve("Abuse@example.org")->id == postmaster->id);  // RFC 2142
  CHECK(!resolve("abuse"));
  CHECK(*grid.run_to_end(admin.postmaster()) == "postmaster");
  CHECK(!log_in_as("postmaster", "now"));
  done(admin.set_password("postmaster", "now"));
  CHECK(log_in_as("postmaster", "now"));
  done(admin.set_postmaster("user@example.org"));
  CHECK(resolve("postmaster")->id == id);
  CHECK(resolve("abuse@example.org")->id == id);
  CHECK(*grid.run_to_end(admin.postmaster()) == "user@example.org");
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

TEST_CASE_FIXTURE(WithUser, "an imported hash is good for the log-in that replaces it with Argon2id") {
  const std::string hash = "{CRYPT}$5$rounds=1000$saltsalt$TWdBOWiYhmVJkQgbrDSNb2rxBkKSiutz24Rm5ti0vID";
  const auto imported = done(admin.import_user("old@example.org", hash)).id;
  std::vector<OldHash> old;
  GridDirectory front(grid.view, search, log_in, [&](OldHash one) { old.push_back(std::move(one)); });
  const auto enter = [&](const std::string& password) {
    return grid.run_to_end(
        front.authenticate("old@example.org", password, "192.0.2.1", ports::Protocol::imap));
  };
  CHECK(enter("wrong").error().code == Errc::denied);
  CHECK(old.empty());
  CHECK(enter("geheim"));
  REQUIRE(old.size() == 1);
  done(admin.renew_hash(old[0]));
  CHECK(refused(admin.renew_hash(old[0])) == Errc::conflict);
  const auto record = grid.run_to_end(grid.view.user(imported));
  REQUIRE(record);
  CHECK(record->password_hash().starts_with("$argon2id$"));
  CHECK(enter("geheim"));
  CHECK(!enter("wrong"));
  CHECK(old.size() == 1);
  CHECK(refused(admin.import_user("new@example.org", "{CRYPT}ab01FAX.bQRSU")) == Errc::invalid);
  CHECK(refused(admin.import_user("new@example.org", "{FOO}secret")) == Errc::invalid);
  done(admin.import_user("plain@example.org", "{PLAIN}{FOO}secret"));
  CHECK(log_in_as("plain@example.org", "{FOO}secret"));
  CHECK(!log_in_as("plain@example.org", "{PLAIN}{FOO}secret"));
  CHECK(refused(admin.add_user("new@example.org", std::string("a\0b", 3))) == Errc::invalid);
  CHECK(refused(admin.set_password("user@example.org", "a\nb")) == Errc::invalid);
  CHECK(refused(admin.import_user("new@example.org", "secret")) == Errc::invalid);
}

TEST_CASE_FIXTURE(WithUser, "guessing at some passwords does not keep other users waiting") {
  done(admin.add_user("victim@example.org", "x"));
  WorkerPool pool("worker", 1);
  PasswordHasher slow(grid.random, &pool, {{1, 8192}, 1, 512});
  LogIn busy(grid.clock, grid.random, slow, {.first = Duration::zero()});
  GridDirectory front(grid.view, search, busy);
  std::vector<std::string> order;
  const auto enter = [&](const std::string& login, const std::string& password) {
    asio::co_spawn(
        grid.context, front.authenticate(login, password, "192.0.2.1", ports::Protocol::imap),
        [&order, login](std::exception_ptr, const Result<ports::Account>&) { order.push_back(login); });
  };
  const auto run_until = [&](std::size_t answers) {  // in real time: a thread computes
    while (order.size() < answers) {
      grid.context.restart();
      grid.context.poll();
      std::this_thread::yield();
    }
  };
  enter("victim@example.org", "guess");
  run_until(1);
  for (int i = 0; i < 8; ++i) enter(i % 2 == 0 ? "victim@example.org" : "nobody@example.org", "guess");
  enter("user@example.org", "right");
  run_until(10);
  const auto place = std::find(order.begin(), order.end(), "user@example.org") - order.begin();
  CHECK(place <= 2);  // after the first, and the one that was being looked at
}

TEST_CASE_FIXTURE(WithUser, "a password verified on one node costs the others nothing") {
  std::vector<Bytes> told;
  LogIn here(grid.clock, grid.random, hasher, {}, [&](Bytes bytes) { told.push_back(std::move(bytes)); });
  PasswordHasher broken(grid.random, nullptr, {{1, 8192}, 1, 0});  // refuses to compute anything
  LogIn there(grid.clock, grid.random, broken, {});
  GridDirectory first(grid.view, search, here), second(grid.view, search, there);
  const auto enter = [&](GridDirectory& front, const std::string& password) {
    return grid
        .run_to_end(front.authenticate("user@example.org", password, "192.0.2.1", ports::Protocol::imap))
        .has_value();
  };
  CHECK(!enter(second, "right"));
  CHECK(enter(first, "right"));
  CHECK(enter(first, "right"));
  REQUIRE(told.size() == 1);
  there.take_verified(told[0]);
  there.take_verified("garbage");
  CHECK(enter(second, "right"));
  CHECK(!enter(second, "wrong"));
  done(admin.set_password("user@example.org", "new"));
  CHECK(!enter(second, "right"));
  CHECK(!enter(second, "new"));
}

TEST_CASE_FIXTURE(WithUser, "a user may send as the own address and aliases only") {
  done(admin.add_user("other@example.org", "x"));
  CHECK(*grid.run_to_end(directory.may_send_as(id, "USER@example.org")));
  CHECK(*grid.run_to_end(directory.may_send_as(id, "alias@example.org")));
  CHECK(!*grid.run_to_end(directory.may_send_as(id, "other@example.org")));
  CHECK(!*grid.run_to_end(directory.may_send_as(id, "postmaster@example.org")));
  done(admin.set_postmaster("user@example.org"));
  CHECK(*grid.run_to_end(directory.may_send_as(id, "postmaster@example.org")));
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

TEST_CASE("hashes of crypt(3) fit their password alone, and weak or costly ones are not taken") {
  for (const std::string hash : {"$1$saltsalt$wTLsTBb/.H7e4VHujepbF0",
                                 "$6$rounds=1000$saltsalt$vqVEzhF1x7x2p0VCWCzOM1GGIpJ62KqdREyqdHXfkzvqLwi."
                                 "vIVwX0AcTW9cDubiR4wA.zOlJTle4lioqe99c1",
                                 "$5$rounds=1000$saltsalt$TWdBOWiYhmVJkQgbrDSNb2rxBkKSiutz24Rm5ti0vID",
                                 "$2b$04$abcdefghijklmnopqrstuuPWRtT5yx7FBi4dcf6ROhboeNunUrLQ.",
                                 "$y$j75$saltsalt$xzQI8Ds9w3qse/SU7AFfmsM2IV7zslaKjGzil/jkpa6"}) {
    CAPTURE(hash);
    CHECK(is_crypt_hash("{CRYPT}" + hash));
    CHECK(!is_crypt_hash(hash));
    CHECK(fits_crypt_hash("{CRYPT}" + hash, "geheim"));
    CHECK(!fits_crypt_hash("{CRYPT}" + hash, "Geheim"));
    CHECK(!fits_crypt_hash("{CRYPT}" + hash, std::string("geheim\0", 7)));
  }
  for (const auto* hash : {"{CRYPT}", "{CRYPT}ab01FAX.bQRSU", "{CRYPT}$6$", "{PLAIN}$6$a$b",
                           "{CRYPT}$2b$31$abcdefghijklmnopqrstuu", "{CRYPT}$2b$xx$abcdefghijklmnopqrstuu",
                           "{CRYPT}$6$rounds=999999999$salt$hash", "{CRYPT}$6$a b$hash"}) {
    CAPTURE(hash);
    CHECK(!is_crypt_hash(hash));
    CHECK(!fits_crypt_hash(hash, "x"));
  }
}

TEST_CASE("verified passwords are remembered for minutes, for one version of the record") {
  SeededRandom random(1);
  VirtualClock clock;
  VerifiedPasswords verified(clock, random);
  VerifiedPasswords elsewhere(clock, random);
  elsewhere.take(verified.remember("id", 1, "secret"));
  CHECK(verified.matches("id", 1, "secret"));
  CHECK(!verified.matches("id", 2, "secret"));
  CHECK(!verified.matches("id", 1, "Secret"));
  CHECK(elsewhere.matches("id", 1, "secret"));
  CHECK(!elsewhere.matches("id", 1, "Secret"));
  const auto late = verified.remember("id", 1, "secret");
  elsewhere.take(elsewhere.remember("id", 2, "new"));
  elsewhere.take(late);  // of an older record than what is known
  CHECK(elsewhere.matches("id", 2, "new"));
  clock.set_now(clock.now() + 11min);
  CHECK(!verified.matches("id", 1, "secret"));
  CHECK(!elsewhere.matches("id", 2, "new"));
  elsewhere.take(late);  // what was known of a newer record is over, and nothing stands in the way
  CHECK(elsewhere.matches("id", 1, "secret"));
}
