#include <doctest/doctest.h>

#include "protocols/sasl/server_exchange.hpp"

using namespace gridmail;
using namespace gridmail::sasl;
using namespace std::string_literals;

namespace {
std::string describe(const Result<ServerExchange::Step>& step) {
  if (!step) return std::string(name_of(step.error().code));
  if (const auto* challenge = std::get_if<Challenge>(&*step)) return "? " + challenge->text;
  const auto& credentials = std::get<Credentials>(*step);
  return credentials.login + "/" + credentials.password;
}
std::string plain(const std::string& message) {
  return describe(ServerExchange(Mechanism::plain).start(message));
}
}  // namespace

TEST_CASE("RFC 4616, section 2: PLAIN is authzid NUL authcid NUL passwd") {
  CHECK(plain("\0me@x.test\0secret"s) == "me@x.test/secret");
  CHECK(plain("me\0me\0a b"s) == "me/a b");
  CHECK(plain("other\0me\0secret"s) == name_of(Errc::denied));
  for (const auto& message : {""s, "me"s, "\0me"s, "\0\0secret"s, "\0me\0"s, "\0me\0sec\0ret"s}) {
    CHECK(plain(message) == name_of(Errc::invalid));
  }
  ServerExchange exchange(Mechanism::plain);
  CHECK(describe(exchange.start(std::nullopt)) == "? ");
  CHECK(describe(exchange.step("\0me\0secret"s)) == "me/secret");
}

TEST_CASE("LOGIN asks for the name, then for the password") {
  ServerExchange exchange(Mechanism::login);
  CHECK(describe(exchange.start(std::nullopt)) == "? Username:");
  CHECK(describe(exchange.step("me")) == "? Password:");
  CHECK(describe(exchange.step("secret")) == "me/secret");
  CHECK(describe(ServerExchange(Mechanism::login).start("me"s)) == "? Password:");
  CHECK(describe(ServerExchange(Mechanism::login).start(""s)) == name_of(Errc::invalid));
}

TEST_CASE("RFC 4954, section 4: a response is base64, '=' an empty initial one, '*' a cancellation") {
  CHECK(decode_response("bWU=").value() == "me");
  CHECK(decode_response("").value().empty());
  CHECK(decode_response("*").error().code == Errc::cancelled);
  CHECK(decode_response("bWU").error().code == Errc::invalid);
  CHECK(decode_response("b W U =").error().code == Errc::invalid);
  CHECK(decode_initial_response("=").value().empty());
}

TEST_CASE("mechanisms are named in any case") {
  CHECK(mechanism_named("plain") == Mechanism::plain);
  CHECK(mechanism_named("Login") == Mechanism::login);
  CHECK_FALSE(mechanism_named("CRAM-MD5"));
}
