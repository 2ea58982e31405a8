#include "protocols/mime/structure_codec.hpp"

#include <doctest/doctest.h>

#include "protocols/mime/parser.hpp"

using namespace gridmail;

namespace {

constexpr BytesView message =
    "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nFrom: Jos\xe9 <@r:j@x>\r\nTo: g: a@b;\r\nSubject: caf\xe9\r\n"
    "References: <1@x>\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n"
    "--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nbody\r\n"
    "--o\r\nContent-Type: image/png; name*=utf-8'en'%C3%A9\r\nContent-Disposition: inline; "
    "filename=\"\xe9\"\r\n"
    "Content-ID: <i>\r\nContent-MD5: m\r\nContent-Language: de,en\r\nContent-Location: l\r\n"
    "Content-Description: d\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--o--\r\n";

}  // namespace

TEST_CASE("a structure comes back from its record") {
  const auto structure = mime::parse(message);
  const auto decoded = mime::decode(mime::encode(structure));
  REQUIRE(decoded);
  CHECK(*decoded == structure);
  CHECK_FALSE(mime::is_outdated(*decoded));
}

TEST_CASE("a record of an older parser says so") {
  auto structure = mime::parse(message);
  structure.version = mime::parser_version - 1;
  const auto decoded = mime::decode(mime::encode(structure));
  REQUIRE(decoded);
  CHECK(mime::is_outdated(*decoded));
}

TEST_CASE("records that break the invariants are refused") {
  const auto refused = [](auto change) {
    auto structure = mime::parse(message);
    change(structure);
    const auto decoded = mime::decode(mime::encode(structure));
    return !decoded && decoded.error().code == Errc::corrupted;
  };
  CHECK(refused([](mime::Structure& s) { s.parts.clear(); }));
  CHECK(refused([](mime::Structure& s) { s.messages.clear(); }));
  CHECK(refused([](mime::Structure& s) { s.messages.pop_back(); }));
  CHECK(refused([](mime::Structure& s) { s.size -= 1; }));
  CHECK(refused([](mime::Structure& s) { s.parts[1].parent = 2; }));
  CHECK(refused([](mime::Structure& s) { s.parts[1].message.reset(); }));
  CHECK(refused([](mime::Structure& s) { s.parts[1].kind = mime::Kind::leaf; }));
  CHECK(refused([](mime::Structure& s) { s.parts[3].kind = mime::Kind::multipart; }));
  CHECK(refused([](mime::Structure& s) { s.parts[3].body_length = ~std::uint64_t{0}; }));
  CHECK(refused([](mime::Structure& s) { s.parts[3].header_start = 0; }));
  CHECK(refused([](mime::Structure& s) { s.parts[2].parent = 0; }));
  CHECK(refused([](mime::Structure& s) { s.messages[1].root = 3; }));
  CHECK(refused([](mime::Structure& s) { s.messages[0].sent->utc_seconds = 1LL << 60; }));
}

TEST_CASE("bytes that are no record are refused") {
  CHECK_FALSE(mime::decode("\xff\xff\xff"));
  CHECK_FALSE(mime::decode(""));
}
