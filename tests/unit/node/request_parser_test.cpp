#include "node/api/request_parser.hpp"

#include <doctest/doctest.h>

using namespace gridmail;
using namespace gridmail::api;

namespace {

Result<std::optional<ReceivedRequest>> parse(std::string_view bytes) {
  RequestParser parser;
  parser.feed(bytes);
  return parser.next();
}

Errc error_of(std::string_view bytes) {
  const auto request = parse(bytes);
  REQUIRE(!request);
  return request.error().code;
}

}  // namespace

TEST_CASE("a request is read whole, however it is cut") {
  const std::string bytes =
      "\r\n\r\nPOST /api/v1/users?x=1 HTTP/1.1\r\nHost: a\r\nauthorization: Bearer t\r\nContent-Length: "
      "2\r\n\r\n{}";
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    RequestParser parser;
    parser.feed(std::string_view(bytes).substr(0, cut));
    const auto early = parser.next();
    REQUIRE(early);
    CHECK(!early->has_value());
    parser.feed(std::string_view(bytes).substr(cut));
    const auto whole = parser.next();
    REQUIRE(whole);
    REQUIRE(whole->has_value());
    const auto& request = (*whole)->request;
    CHECK(request.method == Method::post);
    CHECK(request.path == "/api/v1/users");
    CHECK(request.query == "x=1");
    CHECK(request.authorization == "Bearer t");
    CHECK(request.body == "{}");
  }
}

TEST_CASE("pipelined requests are taken one by one") {
  RequestParser parser;
  parser.feed("GET /a HTTP/1.1\r\n\r\n\r\nHEAD /b HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto first = parser.next();
  REQUIRE((first && *first));
  CHECK((*first)->request.path == "/a");
  CHECK((*first)->keep_alive);
  const auto second = parser.next();
  REQUIRE((second && *second));
  CHECK((*second)->is_head);
  CHECK(!(*second)->keep_alive);
}

TEST_CASE("a chunked body is decoded (RFC 9112, 7.1)") {
  const auto request = parse(
      "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;name=value\r\nde\r\n0\r\n\r\n");
  REQUIRE((request && *request));
  CHECK((*request)->request.body == "abcde");
}

TEST_CASE("a client that waits for 100 Continue is told once") {
  RequestParser parser;
  parser.feed("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(!parser.next()->has_value());
  CHECK(parser.take_expectation());
  CHECK(!parser.take_expectation());
  parser.feed("{}");
  CHECK(parser.next()->has_value());
}

TEST_CASE("what two parsers could read differently is refused (RFC 9112, 6.3)") {
  CHECK(error_of("POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        Errc::invalid);
  CHECK(error_of("POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}") == Errc::invalid);
  CHECK(error_of("POST / HTTP/1.1\r\nContent-Length: +2\r\n\r\n{}") == Errc::invalid);
  CHECK(error_of("POST / HTTP/1.1\r\nContent-Length : 2\r\n\r\n{}") == Errc::invalid);
  CHECK(error_of("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n") == Errc::unsupported);
  CHECK(error_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") == Errc::invalid);
  CHECK(error_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX") == Errc::invalid);
}

TEST_CASE("what is not HTTP is refused") {
  CHECK(error_of("EHLO client.example\r\n\r\n") == Errc::invalid);
  CHECK(error_of("GET / HTTP/2.0\r\n\r\n") == Errc::unsupported);
  CHECK(error_of("GET http://other/ HTTP/1.1\r\n\r\n") == Errc::invalid);
  CHECK(error_of(std::string_view("GET /\0x HTTP/1.1\r\n\r\n", 21)) == Errc::invalid);
  CHECK(error_of("GET / HTTP/1.1\r\n folded: x\r\n\r\n") == Errc::invalid);
}

TEST_CASE("headers and bodies over the limits are refused before they are read") {
  CHECK(error_of("GET /" + std::string(20'000, 'a')) == Errc::too_large);
  CHECK(error_of("POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n") == Errc::too_large);
  CHECK(error_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n") == Errc::too_large);
}

TEST_CASE("header fields are found by name in any case, the first of several") {
  const auto received = parse("GET / HTTP/1.0\r\nAuth-User:  a@b \r\nX: 1\r\nx: 2\r\n\r\n");
  REQUIRE(received);
  REQUIRE(received->has_value());
  const auto& request = (*received)->request;
  CHECK(field(request, "AUTH-USER") == "a@b");
  CHECK(field(request, "x") == "1");
  CHECK(field(request, "y").empty());
}

TEST_CASE("a parameter of the query is decoded") {
  CHECK(query_value("a=1&key=u%2Bx%40e.test&key=2", "key") == "u+x@e.test");
  CHECK(query_value("key", "key") == "");
  CHECK_FALSE(query_value("monkey=1", "key"));
  CHECK_FALSE(query_value("key=%2", "key"));
}
