// Hashes as other mail servers keep them; made with Python's hashlib and crypt, and with libsodium.
#include "node/services/directory/imported_hash.hpp"

#include <doctest/doctest.h>
#include <sodium.h>

#include "node/base/random.hpp"
#include "node/services/directory/password_hasher.hpp"
#include "tests/support/run_task.hpp"

using namespace gridmail;
using gridmail::test::run_task;

namespace {

/// Read as for a new user, and tried as at a log-in.
void check_fits(const std::string& text, const std::string& kept_as) {
  CAPTURE(text);
  SeededRandom random(1);
  PasswordHasher hasher(random, nullptr, {{1, 8192}, 1, 8});
  const auto read = read_imported_secret(text);
  REQUIRE_MESSAGE(read, read.error().text);
  CHECK(!read->is_password);
  CHECK(read->text.starts_with(kept_as));
  CHECK(*run_task(hasher.verify(read->text, "geheim")));
  CHECK(!*run_task(hasher.verify(read->text, "Geheim")));
  CHECK(!*run_task(hasher.verify(read->text, "")));
  CHECK(!*run_task(hasher.verify(read->text, text)));
  CHECK(hasher.is_old(read->text));
}

std::string argon2(int algorithm) {
  std::string hash(crypto_pwhash_STRBYTES, '\0');
  REQUIRE(crypto_pwhash_str_alg(hash.data(), "geheim", 6, 3, 16384, algorithm) == 0);
  hash.resize(hash.find('\0'));
  return hash;
}

const std::string sha512_crypt =
    "$6$rounds=1000$saltsalt$vqVEzhF1x7x2p0VCWCzOM1GGIpJ62KqdREyqdHXfkzvqLwi."
    "vIVwX0AcTW9cDubiR4wA.zOlJTle4lioqe99c1";
const std::string sha256_crypt = "$5$rounds=1000$saltsalt$TWdBOWiYhmVJkQgbrDSNb2rxBkKSiutz24Rm5ti0vID";
const std::string bcrypt = "$2y$04$abcdefghijklmnopqrstuuPWRtT5yx7FBi4dcf6ROhboeNunUrLQ.";

}  // namespace

TEST_CASE("hashes of crypt(3) are taken under each name, and without one") {
  check_fits("{SHA512-CRYPT}" + sha512_crypt, "{CRYPT}$6$");
  check_fits("{CRYPT}" + sha512_crypt, "{CRYPT}$6$");
  check_fits("{sha512-crypt}" + sha512_crypt, "{CRYPT}$6$");
  check_fits(sha512_crypt, "{CRYPT}$6$");
  check_fits("{SHA256-CRYPT}" + sha256_crypt, "{CRYPT}$5$");
  check_fits("{MD5-CRYPT}$1$saltsalt$wTLsTBb/.H7e4VHujepbF0", "{CRYPT}$1$");
  check_fits("{BLF-CRYPT}" + bcrypt, "{CRYPT}$2y$");
  check_fits(bcrypt, "{CRYPT}$2y$");
}

TEST_CASE("both kinds of Argon2 are taken, and are to be replaced at their cost") {
  const auto argon2id = argon2(crypto_pwhash_ALG_ARGON2ID13), argon2i = argon2(crypto_pwhash_ALG_ARGON2I13);
  check_fits("{ARGON2ID}" + argon2id, "$argon2id$");
  check_fits(argon2id, "$argon2id$");
  check_fits("{ARGON2I}" + argon2i, "$argon2i$");
  check_fits(argon2i, "$argon2i$");
}

TEST_CASE("digests are taken with and without salt, in base64 and hex") {
  check_fits("{SHA}kGByAB793z4R5tK1eC9Hd/4Dhzk=", "{SHA}");
  check_fits("{SHA1}kGByAB793z4R5tK1eC9Hd/4Dhzk", "{SHA}");
  check_fits("{SHA.HEX}906072001efddf3e11e6d2b5782f4777fe038739", "{SHA}kGBy");
  check_fits("{SSHA}D9L1GVdFh4eHgHXQeB8pTEgIELxzYWx0", "{SSHA}");
  check_fits("{SHA256}rdsPXngmyFfXN20b2bwzwMVEeQourJYUSoryKxKYyUA=", "{SHA256}");
  check_fits("{SHA256}addb0f5e7826c857d7376d1bd9bc33c0c544790a2eac96144a8af22b1298c940", "{SHA256}rdsP");
  check_fits("{SSHA256.b64}S4E7vqCGrUoFEOzvIMgB4JR8pBFGZUI/VeoxaUUDgM5zYWx0", "{SSHA256}");
  check_fits(
      "{SHA512}jYR+AdIrqpafcfo2K03iHJ4Tx4grzqE7pcaorg1x/IyXAMguAIemXIs3vSn1NnR/KMlnK+wcrndi0snza2AT8g==",
      "{SHA512}");
  check_fits(
      "{SSHA512}jzjhDh2ke2gu6HxHVgqenpKIOAVbPJeU4WcKS3SlpGVHl5KDinmV4vQAH/U1PD5rMnBD1JSJLWf5X2LPDbYFgHNhbHQ=",
      "{SSHA512}");
  check_fits("{PLAIN-MD5}e8636ea013e682faf61f56ce1cb1ab5c", "{PLAIN-MD5}");
  check_fits("{LDAP-MD5}6GNuoBPmgvr2H1bOHLGrXA==", "{PLAIN-MD5}");
  check_fits("{SMD5}F1zRRJ4HkObWdgqLnZBz+nNhbHQ=", "{SMD5}");
}

TEST_CASE("a password by its scheme is a password, whatever it looks like") {
  for (const auto* text : {"{PLAIN}{CRYPT}$6$a$b", "{CLEARTEXT}{CRYPT}$6$a$b"}) {
    const auto read = read_imported_secret(text);
    REQUIRE(read);
    CHECK(read->is_password);
    CHECK(read->text == "{CRYPT}$6$a$b");
  }
}

TEST_CASE("other schemes, and what is no hash of its scheme, are refused without repeating the secret") {
  for (const std::string text :
       {"",
        "secret",
        "{}secret",
        "{FOO}secret",
        "{DES-CRYPT}secretsecret1",
        "{CRYPT}secretsecret1",
        "{SCRAM-SHA-256}4096,secret",
        "{SHA512-CRYPT}secret",
        "{SHA512-CRYPT}",
        "{PLAIN}",
        "{SSHA}secret",
        "{SHA}kGByAB793z4R5tK1eC9Hd/4DhzkAsecret",
        "{SSHA}kGByAB793z4R5tK1eC9Hd/4Dhzk=",
        "{SHA.foo}secret",
        "{ARGON2ID}$argon2id$secret",
        "{ARGON2ID}$6$rounds=1000$saltsalt$secret",
        "$9$salt$secret",
        "$",
        "{ARGON2ID}$argon2id$v=19$m=9999999,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0",
        "{CRYPT}$argon2id$v=19$m=64,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0",
        "{SHA512-CRYPT}$6$rounds=999999999$salt$secret",
        "{SHA512-CRYPT"}) {
    CAPTURE(text);
    const auto read = read_imported_secret(text);
    REQUIRE(!read);
    CHECK(read.error().code == Errc::invalid);
    CHECK(read.error().text.find("secret") == std::string::npos);
    CHECK(!fits_imported_hash(text, "secret"));
  }
}
