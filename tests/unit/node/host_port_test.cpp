#include "node/base/host_port.hpp"

#include <doctest/doctest.h>

using namespace gridmail;

TEST_CASE("an address with a port is read as host and port") {
  CHECK(HostPort::parse("mail.example:25") == HostPort{"mail.example", 25});
  CHECK(HostPort::parse("192.0.2.1:65535") == HostPort{"192.0.2.1", 65535});
  CHECK(HostPort::parse("[2001:db8::1]:0") == HostPort{"2001:db8::1", 0});
  CHECK(HostPort::parse("[::ffff:192.0.2.1]:7000") == HostPort{"::ffff:192.0.2.1", 7000});
}

TEST_CASE("what is no address with a port is not read at all") {
  for (const auto* text :
       {"",          "host",         ":25",      "host:",          "host:65536",  "host:-1",
        "host:+1",   "host:25x",     "host: 25", "2001:db8::1:25", "2001:db8::1", "::",
        "[]:25",     "[::1]",        "[::1]25",  "[::1:25",        "::1]:25",     "[[::1]]:25",
        "[host]:25", "two words:25", "tab\t:25", "h\xC3\xB6st:25"}) {
    CAPTURE(text);
    CHECK(!HostPort::parse(text));
  }
}

TEST_CASE("an address with a port is written as it is read") {
  for (const auto* text : {"mail.example:25", "192.0.2.1:0", "[2001:db8::1]:993"}) {
    CHECK(HostPort::parse(text).value().text() == text);
  }
}
