#include "protocols/imap/frame_parser.hpp"

#include <doctest/doctest.h>

namespace gridmail::imap {
namespace {

using Event = FrameParser::Event;

TEST_CASE("a command ends with its line, and the next one stays in the input") {
  FrameParser frame(1000);
  BytesView in = "a NOOP\r\nb NOOP\r\n";
  REQUIRE(frame.feed(in) == Event::command);
  CHECK(frame.take().line == "a NOOP");
  REQUIRE(frame.feed(in) == Event::command);
  CHECK(frame.take().line == "b NOOP");
  CHECK(frame.feed(in) == Event::need_bytes);
}

TEST_CASE("RFC 3501, 4.3: a literal is announced before it is read, and belongs to the command") {
  FrameParser frame(1000);
  BytesView in = "a LOGIN {5}\r\n";
  REQUIRE(frame.feed(in) == Event::literal);
  CHECK(frame.announced().size == 5);
  CHECK(frame.announced().synchronizing);
  frame.take_literal();
  in = "al\r\nx {6}\r\n";
  REQUIRE(frame.feed(in) == Event::literal);
  frame.take_literal();
  in = "secret\r\n";
  REQUIRE(frame.feed(in) == Event::command);
  const RawCommand raw = frame.take();
  CHECK(raw.line == "a LOGIN {5} {6}");
  CHECK(raw.literals == std::vector<std::string>{"al\r\nx", "secret"});
}

TEST_CASE("every split of the input gives the same command") {
  const std::string text = "a LOGIN {3+}\r\nbob {0+}\r\n\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    FrameParser frame(1000);
    int commands = 0;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      BytesView in = BytesView(text).substr(at, piece);
      while (!in.empty()) {
        const Event event = frame.feed(in);
        if (event == Event::literal) frame.take_literal();
        if (event != Event::command) continue;
        ++commands;
        const RawCommand raw = frame.take();
        CHECK(raw.line == "a LOGIN {3+} {0+}");
        CHECK(raw.literals == std::vector<std::string>{"bob", ""});
      }
    }
    CHECK(commands == 1);
  }
}

TEST_CASE("a line that is too long is dropped to its end and comes out with a fault") {
  FrameParser frame(10);
  BytesView in = "a 0123456789abcdef\r\nb NOOP\r\n";
  REQUIRE(frame.feed(in) == Event::command);
  CHECK(frame.take().fault == RawCommand::Fault::line_too_long);
  REQUIRE(frame.feed(in) == Event::command);
  const RawCommand next = frame.take();
  CHECK(next.fault == RawCommand::Fault::none);
  CHECK(next.line == "b NOOP");
}

TEST_CASE(
    "RFC 7888: a non-synchronizing literal at the end of a line that is too long is found, byte by byte") {
  FrameParser frame(10);
  const std::string text = "a 0123456789 {4+}\r\n";
  Event event = Event::need_bytes;
  for (const char c : text) {
    BytesView in(&c, 1);
    event = frame.feed(in);
  }
  REQUIRE(event == Event::literal);
  CHECK_FALSE(frame.literal_fits());
  frame.discard_literal();
  BytesView in = "\r\nx\n\r\nb NOOP\r\n";
  REQUIRE(frame.feed(in) == Event::command);
  CHECK(frame.take().fault == RawCommand::Fault::line_too_long);
  CHECK(in == "b NOOP\r\n");
}

TEST_CASE("zeros in front of a literal's size change nothing") {
  FrameParser frame(100);
  BytesView in = "a LOGIN {0000000000000000000000003+}\r\nbob {00+}\r\n\r\n";
  REQUIRE(frame.feed(in) == Event::literal);
  CHECK(frame.literal_fits());
  frame.take_literal();
  REQUIRE(frame.feed(in) == Event::literal);
  frame.take_literal();
  REQUIRE(frame.feed(in) == Event::command);
  CHECK(frame.take().literals == std::vector<std::string>{"bob", ""});
}

TEST_CASE("a literal over the limit does not fit; numbers beyond 64 bits are no announcement") {
  FrameParser frame(100);
  BytesView in = "a SEARCH TEXT {101}\r\n";
  REQUIRE(frame.feed(in) == Event::literal);
  CHECK_FALSE(frame.literal_fits());
  frame.refuse_literal();
  in = "a X {99999999999999999999999}\r\n";
  CHECK(frame.feed(in) == Event::command);
}

}  // namespace
}  // namespace gridmail::imap
