#include "protocols/mime/reencoding.hpp"

#include <doctest/doctest.h>

#include "protocols/mime/parser.hpp"
#include "protocols/mime/part_text.hpp"
#include "protocols/text/ascii.hpp"

using namespace gridmail;
using namespace gridmail::mime;

namespace {

Bytes content_of(const Bytes& message, PartIndex index) {
  const auto structure = parse(message);
  REQUIRE(index < structure.parts.size());
  const auto& part = structure.parts[index];
  return decoded_body(part, BytesView(message).substr(part.body_start(), part.body_length));
}

const Bytes picture("\x89PNG\r\n\x1a\n\0\r.\n\n.\r\n--x\xff", 21);

const Bytes mixed =
    "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
    "Content-Transfer-Encoding: binary\r\n\r\npreamble\r\n"
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    "gr\xc3\xbc\xc3\x9f"
    "e \r\n=41\r\n"
    "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n" +
    picture + "\r\n--b--\r\nepilogue\r\n";

}  // namespace

TEST_CASE("RFC 3030: binary parts become base64, and all else stays as it is") {
  const auto made = reencode(mixed, Carrier::lines);
  REQUIRE(made);
  CHECK(fits(*made, Carrier::lines));
  CHECK(content_of(*made, 2) == picture);
  CHECK(made->find("gr\xc3\xbc\xc3\x9f"
                   "e \r\n=41\r\n--b\r\n") != Bytes::npos);
  CHECK(made->find("Content-Transfer-Encoding: binary") == Bytes::npos);
  CHECK(
      made->starts_with("Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
                        "Content-Transfer-Encoding: 8bit\r\n\r\npreamble\r\n--b\r\n"));
  CHECK(made->ends_with("\r\n--b--\r\nepilogue\r\n"));
}

TEST_CASE("RFC 6152, 3: for who takes seven bits text becomes quoted-printable, what is no text base64") {
  const auto made = reencode(mixed, Carrier::seven_bit);
  REQUIRE(made);
  CHECK(fits(*made, Carrier::seven_bit));
  CHECK(made->find("Content-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BC=C3=9Fe=20\r\n=3D41\r\n--b") !=
        Bytes::npos);
  CHECK(content_of(*made, 1) ==
        "gr\xc3\xbc\xc3\x9f"
        "e \r\n=41");
  CHECK(content_of(*made, 2) == picture);
}

TEST_CASE("a message without MIME fields gets those that its new encoding needs") {
  const auto made = reencode("Subject: x\r\n\r\n\xe4\r\n", Carrier::seven_bit);
  CHECK(made ==
        "Subject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E4\r\n");
  const Bytes octets("Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b", 69);
  CHECK(reencode(octets, Carrier::lines) ==
        "Content-Type: application/x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: "
        "base64\r\n\r\nYQBi\r\n");
}

TEST_CASE("an embedded message is re-encoded in its parts, as RFC 2046, 5.2.1 allows no encoding of it") {
  const Bytes outer =
      "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
      "Subject: inner\r\n\r\n\xe4\r\n";
  CHECK(reencode(outer, Carrier::seven_bit) ==
        "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        "Subject: inner\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E4\r\n");
}

TEST_CASE("what cannot be changed without harm is not") {
  CHECK(!reencode("Subject: \xe4\r\n\r\nx\r\n", Carrier::seven_bit));
  CHECK(!reencode("Subject: x\n\r\nx\r\n", Carrier::lines));
  CHECK(!reencode(
      "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xe4\r\n--b\r\n\r\nsig\r\n--b--\r\n",
      Carrier::seven_bit));
  CHECK(!reencode("Content-Type: multipart/mixed; boundary=b\r\n\r\n\xe4\r\n--b\r\n\r\nx\r\n--b--\r\n",
                  Carrier::seven_bit));
}

TEST_CASE("what has no encoding but 7bit, and what is no part, is not encoded") {
  const Bytes mixed_begin = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  CHECK(!reencode(mixed_begin + "no delimiter \xe4\r\n", Carrier::seven_bit));
  for (const char* type :
       {"message/external-body; access-type=x", "message/partial", "message/delivery-status"})
    CHECK(!reencode(mixed_begin + "--b\r\nContent-Type: " + type + "\r\n\r\n\xe4\r\n--b--\r\n",
                    Carrier::seven_bit));
  CHECK(reencode(mixed_begin + "--b\r\nContent-Type: message/global-headers\r\n\r\n\xc3\xa4: x\r\n--b--\r\n",
                 Carrier::seven_bit));
}

TEST_CASE("lines of quoted-printable and base64 are no longer than 76") {
  const auto text =
      reencode("Subject: x\r\n\r\n" + Bytes(400, '\xe4') + Bytes(400, 'a') + "\r\n", Carrier::seven_bit);
  const auto data = reencode("Content-Type: a/b\r\n\r\n" + Bytes(400, '\xe4'), Carrier::seven_bit);
  for (const auto& made : {text, data}) {
    REQUIRE(made);
    std::size_t at = 0;
    for (std::size_t end = 0; (end = made->find("\r\n", at)) != Bytes::npos; at = end + 2)
      CHECK(end - at <= 76);
  }
  CHECK(content_of(*text, 0) == Bytes(400, '\xe4') + Bytes(400, 'a') + "\r\n");
  CHECK(content_of(*data, 0) == Bytes(400, '\xe4'));
}

TEST_CASE("RFC 6532: UTF-8 in the header of any part is found") {
  CHECK(!has_wide_header("Subject: x\r\n\r\n\xc3\xa4\r\n"));
  CHECK(has_wide_header("Subject: \xc3\xa4\r\n\r\nx\r\n"));
  CHECK(has_wide_header(
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: \xc3\xa4\r\n\r\nx\r\n--b--\r\n"));
}
