#include "protocols/line/line_buffer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "protocols/line/dot_stuffer.hpp"

using namespace gridmail;

namespace {
void put(LineBuffer& buffer, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto space = buffer.space();
    const std::size_t count = std::min(space.size, bytes.size());
    std::memcpy(space.data, bytes.data(), count);
    buffer.filled(count);
    bytes.remove_prefix(count);
  }
}
std::string take(LineBuffer& buffer, std::size_t bytes_max = 20) {
  const auto line = buffer.take_line(bytes_max);
  if (!line) return "nothing";
  if (line->flaw == Line::Flaw::too_long) return "too long";
  return (line->flaw == Line::Flaw::bare_lf ? "bare:" : "") + std::string(line->text);
}
}  // namespace

TEST_CASE("lines come out one by one, without their ends") {
  LineBuffer buffer;
  CHECK(take(buffer) == "nothing");
  put(buffer, "one\r\n\r\ntwo\nthr");
  CHECK(take(buffer) == "one");
  CHECK(take(buffer).empty());
  CHECK(take(buffer) == "bare:two");
  CHECK(take(buffer) == "nothing");
  put(buffer, "ee\r");
  CHECK(take(buffer) == "nothing");
  put(buffer, "\nrest");
  CHECK(take(buffer) == "three");
  CHECK(buffer.buffered() == "rest");
}

TEST_CASE("a line over the limit is reported once, and the next one is whole") {
  LineBuffer buffer;
  put(buffer, std::string(20, 'x') + "\r\n" + std::string(21, 'x') + "\r\nnext\r\n");
  CHECK(take(buffer) == std::string(20, 'x'));
  CHECK(take(buffer) == "too long");
  CHECK(take(buffer) == "next");
}

TEST_CASE("of a line over the limit the beginning is told, wherever its bytes were cut") {
  for (const std::size_t first : {1, 16, 21, 22, 23, 3000}) {
    CAPTURE(first);
    LineBuffer buffer;
    const std::string text = "BDAT 5" + std::string(4000, ' ') + "LAST\r\n";
    put(buffer, std::string_view(text).substr(0, first));
    CHECK_FALSE(buffer.take_line(20).has_value());
    put(buffer, std::string_view(text).substr(first));
    const auto line = buffer.take_line(20);
    REQUIRE(line.has_value());
    CHECK(line->flaw == Line::Flaw::too_long);
    CHECK(line->text == std::string_view(text).substr(0, LineBuffer::beginning_bytes));
  }
}

TEST_CASE("a line over the limit takes no memory however long it is") {
  LineBuffer buffer;
  for (int i = 0; i < 1000; ++i) {
    put(buffer, std::string(1000, 'x'));
    CHECK(take(buffer) == "nothing");
  }
  CHECK(buffer.capacity() == LineBuffer::capacity_small);
  put(buffer, "\r\nnext\r\n");
  CHECK(take(buffer) == "too long");
  CHECK(take(buffer) == "next");
}

TEST_CASE("a buffer that was enlarged for bulk goes back to its small size") {
  LineBuffer buffer;
  buffer.reserve(32 * 1024);
  put(buffer, std::string(10'000, 'x'));
  buffer.release();
  CHECK(buffer.capacity() == 32 * 1024);
  buffer.consume(9'990);
  buffer.release();
  CHECK(buffer.capacity() == LineBuffer::capacity_small);
  CHECK(buffer.buffered() == std::string(10, 'x'));
}

TEST_CASE("RFC 1939, section 3: dots at line starts are doubled, and the answer ends in a line of one dot") {
  const auto stuffed = [](std::string_view message) {
    std::string whole;
    DotStuffer stuffer;
    stuffer.append(whole, message);
    stuffer.finish(whole);
    std::string bytewise;
    DotStuffer other;
    for (std::size_t i = 0; i < message.size(); ++i) other.append(bytewise, message.substr(i, 1));
    other.finish(bytewise);
    CHECK(bytewise == whole);
    return whole;
  };
  CHECK(stuffed("").compare(".\r\n") == 0);
  CHECK(stuffed("a\r\n") == "a\r\n.\r\n");
  CHECK(stuffed("a") == "a\r\n.\r\n");
  CHECK(stuffed("a\n") == "a\n\r\n.\r\n");
  CHECK(stuffed(".\r\n..\r\na.\r\n.b") == "..\r\n...\r\na.\r\n..b\r\n.\r\n");
  CHECK(stuffed("a\n.\nb\r\n") == "a\n..\nb\r\n.\r\n");
}
