#include "protocols/text/normalization.hpp"

#include <doctest/doctest.h>

using namespace gridmail::text;

TEST_CASE("text is composed, and refused when it is not UTF-8") {
  CHECK(to_nfc("cafe\xcc\x81") == "caf\xc3\xa9");
  CHECK(to_nfc("plain") == "plain");
  CHECK_FALSE(to_nfc("caf\xe9"));
}

TEST_CASE("domains become lower-case A-labels") {
  CHECK(to_ascii_domain("Example.TEST") == "example.test");
  CHECK(to_ascii_domain("example.test.") == "example.test");
  CHECK(to_ascii_domain("B\xc3\x9c"
                        "CHER.example") == "xn--bcher-kva.example");
  CHECK(to_ascii_domain("XN--BCHER-KVA.example") == "xn--bcher-kva.example");
  CHECK(to_ascii_domain("stra\xc3\x9f"
                        "e.example") == "xn--strae-oqa.example");
  CHECK(to_ascii_domain("[IPv6:2001:DB8::1]") == "[ipv6:2001:db8::1]");
  CHECK(to_ascii_domain("my_host.example") == "my_host.example");
}

TEST_CASE("what is no domain is refused") {
  for (const auto* domain :
       {"", ".", "a..b", ".a", "-a.b", "a-.b", "a b.c", "xn--\xff.example", "xn--a-ecp.ru!", "[]", "[a"}) {
    CAPTURE(domain);
    CHECK_FALSE(to_ascii_domain(domain));
  }
  CHECK_FALSE(to_ascii_domain(std::string(64, 'a') + ".example"));
  CHECK(to_ascii_domain(std::string(63, 'a') + ".example"));
}

TEST_CASE("addresses are compared by domain as A-label and local part case-folded") {
  CHECK(canonical_address("User1@Example.Test") == "user1@example.test");
  CHECK(canonical_address("JOSE\xcc\x81@b\xc3\xbc"
                          "cher.example") == "jos\xc3\xa9@xn--bcher-kva.example");
  CHECK(canonical_address("\"User1\"@example.test") == "user1@example.test");
  CHECK(canonical_address("\"two words\"@example.test") == "\"two words\"@example.test");
  CHECK(canonical_address("\"a@b\"@example.test") == "\"a@b\"@example.test");
  CHECK(canonical_address("\"a\\\"b\"@example.test") == "\"a\\\"b\"@example.test");
  CHECK(canonical_address("PostMaster") == "postmaster");
}

TEST_CASE("what is no address is refused") {
  for (const auto* address :
       {"", "user1", "@example.test", "user1@", "two words@example.test", "a@b@c", "\"open@example.test",
        "\"a\"b@example.test", "a\x01@example.test", "caf\xe9@example.test"}) {
    CAPTURE(address);
    CHECK_FALSE(canonical_address(address));
  }
}
