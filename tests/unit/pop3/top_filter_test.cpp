#include "protocols/pop3/top_filter.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridmail;
using namespace gridmail::pop3;

namespace {
/// In one piece and byte by byte: the same.
std::string top(std::string_view message, std::uint32_t lines) {
  TopFilter filter(lines);
  std::string whole(filter.take(message));
  TopFilter bytewise_filter(lines);
  std::string bytewise;
  for (std::size_t i = 0; i < message.size(); ++i) bytewise += bytewise_filter.take(message.substr(i, 1));
  CHECK(bytewise == whole);
  return whole;
}
}  // namespace

TEST_CASE(
    "RFC 1939, section 7: TOP gives the header section, the empty line, and so many lines of the body") {
  const std::string message = "A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\n";
  CHECK(top(message, 0) == "A: 1\r\nB: 2\r\n\r\n");
  CHECK(top(message, 1) == "A: 1\r\nB: 2\r\n\r\none\r\n");
  CHECK(top(message, 2) == "A: 1\r\nB: 2\r\n\r\none\r\n\r\n");
  CHECK(top(message, 3) == message);
  CHECK(top(message, 4'000'000'000) == message);
}

TEST_CASE("TOP of messages that lack a part gives what there is") {
  CHECK(top("A: 1\r\nB: 2", 5) == "A: 1\r\nB: 2");
  CHECK(top("\r\nbody\r\n", 0) == "\r\n");
  CHECK(top("A: 1\n\nbody\nmore\n", 1) == "A: 1\n\nbody\n");
  CHECK(top("", 1).empty());
  CHECK(top("A: 1\r\n\r\r\nB: 2\r\n\r\nbody\r\n", 0) == "A: 1\r\n\r\r\nB: 2\r\n\r\n");
}
