#include "protocols/lookup/wire.hpp"

#include <doctest/doctest.h>

using namespace gridmail;
using namespace gridmail::lookup;

TEST_CASE("a netstring is read when all of it is there, and only so much of it") {
  const std::string_view bytes = "5:hello,3:x";
  for (std::size_t length = 0; length < 8; ++length) {
    const auto part = parse_netstring(bytes.substr(0, length), 100);
    REQUIRE(part.has_value());
    CHECK_FALSE(part->has_value());
  }
  const auto whole = parse_netstring(bytes, 100);
  REQUIRE(whole.has_value());
  REQUIRE(whole->has_value());
  CHECK((*whole)->content == "hello");
  CHECK((*whole)->bytes == 8);
  CHECK((*parse_netstring("0:,", 100))->content.empty());
}

TEST_CASE("what is no netstring, or longer than allowed, is refused as soon as that is seen") {
  for (const std::string_view bytes :
       {"x", ":", "5x", "01:a,", "101", "99999999999999999999999", "1:ab", "-1:a,"}) {
    CAPTURE(bytes);
    CHECK_FALSE(parse_netstring(bytes, 100).has_value());
  }
}

TEST_CASE("socketmap: the map's name ends at the first space") {
  const auto question = parse_socketmap_request("recipients \"a b\"@example.test");
  REQUIRE(question.has_value());
  CHECK(question->map == "recipients");
  CHECK(question->key == "\"a b\"@example.test");
  CHECK_FALSE(parse_socketmap_request("recipients").has_value());
  CHECK_FALSE(parse_socketmap_request(" key").has_value());
  CHECK(socketmap_reply({Answer::Kind::found, "value"}) == "OK value");
  CHECK(socketmap_reply({Answer::Kind::not_found}) == "NOTFOUND ");
  CHECK(socketmap_reply({Answer::Kind::temporary, "later"}) == "TEMP later");
  CHECK(socketmap_reply({Answer::Kind::permanent, "never"}) == "PERM never");
}

TEST_CASE("tcp_table: keys and answers travel with %XX") {
  CHECK(*parse_tcp_table_request("get %22a%20b%22@example.test") == "\"a b\"@example.test");
  for (const std::string_view line : {"", "get", "put a b", "get %", "get %2", "get %zz"}) {
    CAPTURE(line);
    CHECK_FALSE(parse_tcp_table_request(line).has_value());
  }
  CHECK(tcp_table_reply({Answer::Kind::found, "a b%\n"}) == "200 a%20b%25%0A\n");
  CHECK(tcp_table_reply({Answer::Kind::not_found}) == "500 unknown\n");
  CHECK(tcp_table_reply({Answer::Kind::temporary, "not now"}) == "400 not%20now\n");
}
