#include "node/services/clients/client_host.hpp"

#include <doctest/doctest.h>

using namespace gridmail;

TEST_CASE("mail programs are told a name of the domain that a certificate has") {
  CHECK(client_host({{"mail.far.test"}, {"a.test", "autoconfig.a.test", "imap.a.test", "smtp.a.test"}},
                    "a.test") == "imap.a.test");
  CHECK(client_host({{"mail.far.test"}, {"a.test", "www.a.test", "*.a.test"}}, "a.test") == "a.test");
}

TEST_CASE("one certificate serves every domain; of several none is taken that says nothing of the domain") {
  CHECK(client_host({{"autoconfig.far.test", "mail.far.test", "mx.far.test"}}, "a.test") == "mail.far.test");
  CHECK(client_host({{"mail.far.test"}, {"mail.xa.test"}}, "a.test") == std::nullopt);
  CHECK(client_host({{"*.far.test"}}, "a.test") == std::nullopt);
  CHECK(client_host({}, "a.test") == std::nullopt);
}
