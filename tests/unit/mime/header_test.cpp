#include "protocols/mime/header.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace gridmail;
using mime::Select;

namespace {

constexpr std::string_view header =
    "From: a@x.test\r\n"
    "Subject: one\r\n"
    " two\r\n"
    "Received: first\r\n"
    "received : second\r\n"
    "\r\n";

Bytes select(std::vector<std::string> names, Select how) {
  return mime::select_fields(header, names, how);
}

}  // namespace

TEST_CASE("named fields are selected byte for byte, with the empty line (RFC 3501, section 6.4.5)") {
  CHECK(select({"SUBJECT"}, Select::listed) == "Subject: one\r\n two\r\n\r\n");
  CHECK(select({"Received", "From"}, Select::listed) ==
        "From: a@x.test\r\nReceived: first\r\nreceived : second\r\n\r\n");
  CHECK(select({"Nothing"}, Select::listed) == "\r\n");
}

TEST_CASE("all other fields are selected by HEADER.FIELDS.NOT") {
  CHECK(select({"Received"}, Select::not_listed) == "From: a@x.test\r\nSubject: one\r\n two\r\n\r\n");
  CHECK(select({}, Select::not_listed) == header);
}

TEST_CASE("a header without its last line end is completed") {
  const std::vector<std::string> names{"A"};
  CHECK(mime::select_fields("A: 1", names, Select::listed) == "A: 1\r\n\r\n");
}

TEST_CASE("fields are walked with bare line feeds too") {
  mime::FieldReader fields("A: 1\nB:\n 2\n\nC: 3\n");
  const auto a = fields.next();
  REQUIRE(a);
  CHECK(a->name == "A");
  CHECK(mime::unfold(a->value) == "1");
  const auto b = fields.next();
  REQUIRE(b);
  CHECK(b->line == "B:\n 2\n");
  CHECK(mime::unfold(b->value) == "2");
  CHECK_FALSE(fields.next());
}

TEST_CASE("an mbox line belongs to the header but is no field") {
  mime::FieldReader fields("From joe Thu Jan  1 00:00:00 1970\r\nA: 1\r\n");
  CHECK(fields.next()->name.empty());
  CHECK(fields.next()->name == "A");
  CHECK_FALSE(fields.next());
}

TEST_CASE("values are unfolded without CR, LF and NUL") {
  using namespace std::literals;
  CHECK(mime::unfold(" a\r\n\tb\0c \r\n"sv) == "a\tbc");
  CHECK(mime::unfold("") == "");
}

TEST_CASE("a field is found by name in any case") {
  CHECK(mime::find_field(header, "subject") == "one two");
  CHECK(mime::find_field(header, "RECEIVED") == "first");
  CHECK_FALSE(mime::find_field(header, "To"));
}
