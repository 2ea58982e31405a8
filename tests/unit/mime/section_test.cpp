#include "protocols/mime/section.hpp"

#include <doctest/doctest.h>

#include "protocols/mime/parser.hpp"

using namespace gridmail;
using mime::SectionText;

namespace {

/// The shape of RFC 3501's example in section 6.4.5.
const std::string message =
    "Subject: outer\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
    "--a\r\nContent-Type: text/plain\r\n\r\none\r\n"
    "--a\r\nContent-Type: application/octet-stream\r\n\r\ntwo\r\n"
    "--a\r\nContent-Type: message/rfc822\r\n\r\n"
    "Subject: third\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain\r\n\r\nthree.one\r\n"
    "--b\r\nContent-Type: application/octet-stream\r\n\r\nthree.two\r\n"
    "--b--\r\n"
    "--a\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
    "--c\r\nContent-Type: image/gif\r\n\r\nfour.one\r\n"
    "--c\r\nContent-Type: message/rfc822\r\n\r\n"
    "Subject: four.two\r\n\r\nfour.two.one\r\n"
    "--c--\r\n"
    "--a--\r\n";

std::string section(const std::string& of, std::vector<std::uint32_t> numbers,
                    SectionText text = SectionText::whole) {
  const auto range = mime::find_section(mime::parse(of), numbers, text);
  return range ? of.substr(range->offset, range->length) : "none";
}

std::string section(std::vector<std::uint32_t> numbers, SectionText text = SectionText::whole) {
  return section(message, std::move(numbers), text);
}

}  // namespace

TEST_CASE("parts are addressed by numbers (RFC 3501, section 6.4.5)") {
  CHECK(section({1}) == "one");
  CHECK(section({2}) == "two");
  CHECK(section({3, 1}) == "three.one");
  CHECK(section({3, 2}) == "three.two");
  CHECK(section({4, 1}) == "four.one");
  CHECK(section({4, 2}) == "Subject: four.two\r\n\r\nfour.two.one");
  CHECK(section({4, 2, 1}) == "four.two.one");
  CHECK(section({}) == message);
}

TEST_CASE("parts that do not exist are not found") {
  for (const auto& numbers : std::vector<std::vector<std::uint32_t>>{
           {0}, {5}, {1, 1}, {3, 3}, {3, 0}, {4, 3}, {4, 2, 2}, {4, 2, 1, 1}, {4'294'967'295}}) {
    CHECK(section(numbers) == "none");
  }
}

TEST_CASE("HEADER and TEXT are of messages, MIME is of parts") {
  CHECK(section({}, SectionText::header) ==
        "Subject: outer\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n");
  CHECK(section({}, SectionText::text) == message.substr(message.find("--a\r\n")));
  CHECK(section({}, SectionText::mime) == "none");
  CHECK(section({3}, SectionText::header) ==
        "Subject: third\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n");
  CHECK(section({4, 2}, SectionText::header) == "Subject: four.two\r\n\r\n");
  CHECK(section({4, 2}, SectionText::text) == "four.two.one");
  CHECK(section({4, 2, 1}, SectionText::mime) == "Subject: four.two\r\n\r\n");
  CHECK(section({3}, SectionText::mime) == "Content-Type: message/rfc822\r\n\r\n");
  CHECK(section({1}, SectionText::mime) == "Content-Type: text/plain\r\n\r\n");
  CHECK(section({1}, SectionText::header) == "none");
  CHECK(section({4}, SectionText::text) == "none");
}

TEST_CASE("a message that is no multipart has one part") {
  const std::string plain = "Subject: x\r\n\r\nbody";
  CHECK(section(plain, {1}) == "body");
  CHECK(section(plain, {1}, SectionText::mime) == "Subject: x\r\n\r\n");
  CHECK(section(plain, {2}) == "none");
  CHECK(section(plain, {1, 1}) == "none");
  CHECK(section(plain, {}, SectionText::text) == "body");
}

TEST_CASE("a message that is another message has that as its part") {
  const std::string forwarded = "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nbody";
  CHECK(section(forwarded, {1}) == "Subject: inner\r\n\r\nbody");
  CHECK(section(forwarded, {1}, SectionText::header) == "Subject: inner\r\n\r\n");
  CHECK(section(forwarded, {1, 1}) == "body");
  CHECK(section(forwarded, {1, 2}) == "none");
}
