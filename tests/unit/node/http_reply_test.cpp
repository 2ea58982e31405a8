#include "node/cli/http_reply.hpp"

#include <doctest/doctest.h>

#include "node/cli/http_client.hpp"

using namespace gridmail;
using namespace gridmail::cli;

TEST_CASE("a reply with a length is read to that length") {
  const auto reply =
      parse_http_reply("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nX-A:  b \r\n\r\nabcdef");
  REQUIRE(reply);
  CHECK(reply->status == 404);
  CHECK(reply->body == "abc");
  CHECK(reply->header("x-a") == "b");
}

TEST_CASE("chunks are joined (RFC 9112, 7.1)") {
  const auto reply = parse_http_reply(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
  REQUIRE(reply);
  CHECK(reply->body == "abcde");
}

TEST_CASE("a reply that is broken off is an error") {
  CHECK(!parse_http_reply(""));
  CHECK(!parse_http_reply("220 mail.example ESMTP\r\n"));
  CHECK(!parse_http_reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"));
  CHECK(!parse_http_reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"));
  CHECK(!parse_http_reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"));
}

TEST_CASE("a URL is http or https with a host") {
  const auto url = Url::parse("https://[::1]:8443/mail/");
  REQUIRE(url);
  CHECK(url->secure);
  CHECK(url->host == "::1");
  CHECK(url->port == "8443");
  CHECK(url->path == "/mail");
  CHECK(Url::parse("http://node1")->port == "80");
  for (const auto* text : {"", "node1:80", "ftp://node1", "http://", "http://user@node1", "http://node1:x"}) {
    CAPTURE(text);
    CHECK(!Url::parse(text));
  }
}
