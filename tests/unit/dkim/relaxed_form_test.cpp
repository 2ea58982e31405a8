#include <doctest/doctest.h>

#include "protocols/dkim/relaxed_form.hpp"

using namespace gridmail;

namespace {

std::string body_hash(BytesView body, std::size_t piece = 1'000'000) {
  dkim::BodyHash hash;
  for (std::size_t at = 0; at < body.size(); at += piece) hash.feed(body.substr(at, piece));
  return to_base64(hash.finish());
}

std::string sha256(BytesView text) {
  Bytes hash(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(hash.data()),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size());
  return to_base64(hash);
}

std::string relaxed(BytesView line) {
  return dkim::relaxed_field(*mime::FieldReader(line).next());
}

}  // namespace

TEST_CASE("fields are relaxed as the example of RFC 6376, section 3.4.5 has it") {
  CHECK(relaxed("A: X\r\n") == "a:X");
  CHECK(relaxed("B : Y\t\r\n\tZ  \r\n") == "b:Y Z");
}

TEST_CASE("a body is relaxed as the example of RFC 6376, section 3.4.5 has it") {
  CHECK(body_hash(" C \r\nD \t E\r\n\r\n\r\n") == sha256(" C\r\nD E\r\n"));
}

TEST_CASE("an empty body hashes to what RFC 6376, section 3.4.4 gives") {
  const std::string nothing = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  CHECK(body_hash("") == nothing);
  CHECK(body_hash("\r\n") == nothing);
  CHECK(body_hash(" \t\r\n\r\n  ") == nothing);
}

TEST_CASE("the body of RFC 6376, appendix A.2, has the hash given there") {
  CHECK(body_hash("Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n") ==
        "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
}

TEST_CASE("a body hashes the same in whatever pieces it comes") {
  const std::string body = "a  b \r\n\r\n\r\n c\t\r\nd\re\r\rf \r\n" + std::string(40'000, 'x') + " \r\n\r\n";
  const auto whole = body_hash(body);
  for (const std::size_t piece : {1, 2, 3, 7, 1000}) CHECK(body_hash(body, piece) == whole);
  CHECK(whole == sha256("a b\r\n\r\n\r\n c\r\nd\re\r\rf\r\n" + std::string(40'000, 'x') + "\r\n"));
}

TEST_CASE("a last line without its end gets one") {
  CHECK(body_hash("text") == sha256("text\r\n"));
  CHECK(body_hash("text\r") == sha256("text\r\r\n"));
}
