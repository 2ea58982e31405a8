#include "protocols/dkim/signature.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>

#include "protocols/dkim/relaxed_form.hpp"

using namespace gridmail;

namespace {

/// RFC 8463, appendix A: keys, message and both signatures.
constexpr const char* ed25519_secret = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
constexpr const char* ed25519_public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
constexpr const char* rsa_secret =
    "MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi"
    "Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM"
    "KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
    "AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm"
    "6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe"
    "zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy"
    "6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc"
    "uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy"
    "WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd"
    "WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a"
    "licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst"
    "o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe"
    "uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL";
constexpr const char* header =
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n";
const std::vector<std::string> names = {"from",       "to",   "subject", "date",
                                        "message-id", "from", "subject", "date"};

dkim::SigningKey ed25519_key() {
  // RFC 8410, section 7: the seed in PKCS #8.
  auto key = dkim::SigningKey::read(*from_base64("MC4CAQAwBQYDK2VwBCIEIA==") + *from_base64(ed25519_secret));
  REQUIRE(key);
  return std::move(*key);
}
dkim::SigningKey rsa_key() {
  auto key = dkim::SigningKey::read(*from_base64(rsa_secret));
  REQUIRE(key);
  return std::move(*key);
}

bool verifies(const Bytes& spki, BytesView text, const Bytes& signature) {
  const auto* begin = reinterpret_cast<const unsigned char*>(spki.data());
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &begin, static_cast<long>(spki.size()));
  REQUIRE(key != nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool good =
      EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return good;
}

std::size_t count_of(const std::vector<std::string>& all, const std::string& name) {
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), name));
}

}  // namespace

TEST_CASE("Ed25519 signs as RFC 8463, appendix A.3 has it") {
  const auto key = ed25519_key();
  CHECK(to_base64(key.public_key()) == ed25519_public);
  const std::string field =
      "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
      " d=football.example.com; i=@football.example.com;\r\n"
      " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
      " subject : date : message-id : from : subject : date;\r\n"
      " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
      " b=";
  const auto signature = key.sign(dkim::text_to_sign(header, names, field));
  REQUIRE(signature);
  CHECK(to_base64(*signature) ==
        "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus"
        "Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==");
}

TEST_CASE("RSA signs as RFC 8463, appendix A.3 has it") {
  const std::string field =
      "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
      " d=football.example.com; i=@football.example.com;\r\n"
      " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
      " date : message-id : from : subject : date;\r\n"
      " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
      " b=";
  const auto signature = rsa_key().sign(dkim::text_to_sign(header, names, field));
  REQUIRE(signature);
  CHECK(to_base64(*signature) ==
        "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3"
        "DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz"
        "dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=");
}

TEST_CASE("what authors and readers see is signed, and nothing can be added to it") {
  const auto chosen = dkim::names_to_sign(
      "Received: by x\r\nFrom: a@b\r\nreply-TO: c@d\r\nTo: e@f\r\nTo: g@h\r\nX-Mine: 1\r\n\r\nCc: no\r\n");
  CHECK(chosen.front() == "From");
  CHECK(count_of(chosen, "From") == 2);
  CHECK(count_of(chosen, "Reply-To") == 2);
  CHECK(count_of(chosen, "To") == 3);
  CHECK(count_of(chosen, "Cc") == 1);  // the body is no header
  CHECK(count_of(chosen, "Subject") == 1);
  CHECK(count_of(chosen, "Received") == 0);
  CHECK(count_of(chosen, "X-Mine") == 0);
  CHECK(count_of(chosen, "Sender") == 0);
}

TEST_CASE("of several fields the last comes first, and a missing one is nothing (RFC 6376, section 5.4.2)") {
  CHECK(dkim::text_to_sign("A: 1\r\nA: 2\r\nB: 3\r\n", {"a", "c", "A", "a", "b"}, "X: y") ==
        "a:2\r\na:1\r\nb:3\r\nx:y");
}

TEST_CASE("a field is made that its own key verifies, in lines of less than 78") {
  SeededRandom random(1);
  const auto key = dkim::SigningKey::generate(dkim::Algorithm::rsa, random);
  REQUIRE(key);
  dkim::BodyHash body;
  body.feed("text\r\n");
  const auto field = dkim::signature_field(header, body.finish(), {"example.org", "s1", 5'000'000}, *key);
  REQUIRE(field);
  for (std::size_t at = 0; at < field->size();) {
    const auto end = field->find("\r\n", at);
    REQUIRE(end != std::string::npos);
    CHECK(end - at < 78);
    at = end + 2;
  }
  CHECK(field->find("d=example.org;\r\n\ts=s1; t=5;") != std::string::npos);
  const auto b = field->find("\tb=") + 3;
  std::string signature = field->substr(b);
  std::erase_if(signature, [](char c) { return c == '\r' || c == '\n' || c == '\t'; });
  const auto signed_text =
      dkim::text_to_sign(header, dkim::names_to_sign(header), BytesView(*field).substr(0, b));
  CHECK(verifies(key->public_key(), signed_text, *from_base64(signature)));
  CHECK(!verifies(key->public_key(), signed_text + " ", *from_base64(signature)));
}

TEST_CASE("keys are stored and read again, and their records say what they are") {
  SeededRandom random(7);
  for (const auto algorithm : {dkim::Algorithm::rsa, dkim::Algorithm::ed25519}) {
    const auto key = dkim::SigningKey::generate(algorithm, random);
    REQUIRE(key);
    const auto again = dkim::SigningKey::read(key->private_key());
    REQUIRE(again);
    CHECK(again->algorithm() == algorithm);
    CHECK(again->public_key() == key->public_key());
    CHECK(*again->sign("text") == *key->sign("text"));
  }
  CHECK(dkim::SigningKey::read("rubbish").error().code == Errc::corrupted);
  CHECK(dkim::SigningKey::read("").error().code == Errc::corrupted);
  CHECK(dkim::key_record(dkim::Algorithm::ed25519, *from_base64(ed25519_public)) ==
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  CHECK(dkim::key_record_name("s", "example.org") == "s._domainkey.example.org");
}
