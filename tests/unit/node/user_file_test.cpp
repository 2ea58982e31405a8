#include "node/cli/user_file.hpp"

#include <doctest/doctest.h>

using namespace gridmail;
using namespace gridmail::cli;

namespace {

ListedUser one(const std::string& text) {
  CAPTURE(text);
  const auto users = parse_user_file(text);
  REQUIRE_MESSAGE(users, users.error().text);
  REQUIRE(users->size() == 1);
  return users->front();
}

std::string refused(const std::string& text) {
  CAPTURE(text);
  const auto users = parse_user_file(text);
  REQUIRE(!users);
  CHECK(users.error().code == Errc::invalid);
  CHECK(users.error().text.find("secret") == std::string::npos);
  return users.error().text;
}

}  // namespace

TEST_CASE("what has a scheme or a kind is a hash, all else a password") {
  for (const std::string secret :
       {"{CRYPT}$6$s$h", "{SHA512-CRYPT}$6$s$h", "{BLF-CRYPT}$2y$05$sh", "{SSHA.b64}abc=", "{FOO}x", "$6$s$h",
        "$2y$05$sh", "$argon2id$v=19$m=1,t=1,p=1$s$h"}) {
    const auto user = one("a@b.test:" + secret + "\n");
    CHECK(user.address == "a@b.test");
    CHECK(user.secret == secret);
    CHECK(user.is_hash);
  }
  for (const std::string secret : {"secret", "{secret", "{PLAIN", "a{PLAIN}b", " ", "se:cret", "a$b$c"})
    CHECK(one("a@b.test:" + secret).secret == secret);
}

TEST_CASE("a password that says it is one is a password, whatever it looks like") {
  for (const auto* line : {"a@b.test:{PLAIN}{CRYPT}$6$a$b", "a@b.test:{cleartext}{CRYPT}$6$a$b"}) {
    CHECK(one(line).secret == "{CRYPT}$6$a$b");
    CHECK(!one(line).is_hash);
  }
  CHECK(refused("a@b.test:{PLAIN}") == "line 1: must have an address and a password");
}

TEST_CASE("the further fields of a passwd-file are passed over") {
  CHECK(one("a@b.test:{SSHA}abc=:1000:1000:A. Nyone:/home/a:/bin/sh:userdb_quota=1").secret == "{SSHA}abc=");
  CHECK(one("a@b.test:$6$s$h::::::").secret == "$6$s$h");
  CHECK(one("a@b.test:{PLAIN}x::::::").secret == "x");
  CHECK(one("a@b.test:word:1000:1000:A. Nyone:/home/a:/bin/sh").secret == "word");
  CHECK(one("a@b.test:word::::/home/a::extra=1").secret == "word");
  CHECK(one("a@b.test:word:12:ab").secret == "word:12:ab");
}

TEST_CASE("where a passwd-file and a password with a colon look alike nobody gets a wrong password") {
  for (const auto* line :
       {"a@b.test:secret:1000", "a@b.test:secret:", "a@b.test:secret:1:2", "a@b.test:secret::"})
    CHECK(refused(line).starts_with("line 1: either the password has a colon"));
}

TEST_CASE("CSV has a header line that names its columns") {
  const auto users = parse_user_file(
      "Password,Name,Address\r\nx,A. "
      "Nyone,a@b.test\r\n\r\n\"a,\"\"b\"\":c\",,c@b.test\r\n{SSHA}x=,,d@b.test");
  REQUIRE(users);
  REQUIRE(users->size() == 3);
  CHECK(users->at(0).address == "a@b.test");
  CHECK(users->at(0).secret == "x");
  CHECK(users->at(1).secret == "a,\"b\":c");
  CHECK(!users->at(1).is_hash);
  CHECK(users->at(2).is_hash);
  CHECK(one("# x,address\na@b.test:x,address").secret == "x,address");
}

TEST_CASE("CSV that is not in order is refused with the line") {
  CHECK(refused("address,quota\na@b.test,1") ==
        "line 1: the columns are address and password, and name, which is passed over");
  CHECK(refused("address,name\na@b.test,1") == "line 1: needs the columns address and password");
  CHECK(refused("address,password,address\n") ==
        "line 1: the columns are address and password, and name, which is passed over");
  CHECK(refused("address,password\na@b.test,x\na@b.test\n") == "line 3: has 1 fields, and the header has 2");
  CHECK(refused("address,password\na@b.test,\"secret\n") == "line 2: a quoted field without an end");
  CHECK(refused("address,password\na@b.test,\"secret\"x\n") == "line 2: text behind a quoted field");
  CHECK(refused("address,password\n\na@b.test,\n") == "line 3: must have an address and a password");
  CHECK(refused("address,password\n\"a@b.test\",\"sec\nret\"\n") == "line 2: has a control character");
}

TEST_CASE("a byte order mark is passed over, and other odd bytes are refused") {
  CHECK(one("\xEF\xBB\xBF"
            "a@b.test:x")
            .address == "a@b.test");
  CHECK(one("\xEF\xBB\xBF"
            "address,password\na@b.test,x")
            .address == "a@b.test");
  CHECK(refused(std::string("a@b.test:sec\0ret", 16)) == "line 1: has a control character");
  CHECK(refused("b@b.test:x\na@b.test:secret\x7f") == "line 2: has a control character");
  CHECK(refused("a@b.test:secr\xe4t") == "line 1: is not UTF-8");
  CHECK(refused("no password") == "line 1: must be address:password");
}

TEST_CASE("an empty file has no users") {
  CHECK(parse_user_file("")->empty());
  CHECK(parse_user_file("\n# nobody\r\n\n")->empty());
  CHECK(parse_user_file("address,password\n")->empty());
}

TEST_CASE("what may be a hash of another kind is no password unless it says so") {
  const std::string why =
      ": looks like a hash of a kind that cannot be taken; before a password that looks so, write {PLAIN}";
  for (const std::string text :
       {"$money$", "$sha1$40000$salt$secret", "$", "rqXexS6ZhobKA", "secret./.secr"}) {
    CAPTURE(text);
    CHECK(refused("b@b.test:x\na@b.test:" + text) == "line 2" + why);
    CHECK(refused("a@b.test:" + text + ":1000:1000::/home/a:") == "line 1" + why);
    CHECK(one("a@b.test:{PLAIN}" + text).secret == text);
    CHECK(!one("a@b.test:{PLAIN}" + text).is_hash);
  }
  CHECK(refused("address,password\na@b.test,$money$") == "line 2" + why);
  CHECK(one("address,password\na@b.test,{PLAIN}$money$").secret == "$money$");
  // Only Dovecot's file has hashes without a scheme.
  CHECK(one("address,password\na@b.test,rqXexS6ZhobKA").secret == "rqXexS6ZhobKA");
  for (const std::string text : {"rqXexS6ZhobK", "rqXexS6ZhobKAA", "rqXexS6ZhobK-"})
    CHECK(one("a@b.test:" + text).secret == text);
}
