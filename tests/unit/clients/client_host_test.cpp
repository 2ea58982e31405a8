#include "node/services/clients/client_host.hpp"

#include <doctest/doctest.h>

using namespace gridmail;

TEST_CASE("mail programs are told a name of the domain that a certificate has") {
  CHECK(client_host({{"mail.far.test"}, {"a.test", "autoconfig.a.test", "imap.a.test", "smtp.a.test"}},
                    "a.test", "") == "imap.a.test");
  CHECK(client_host({{"mail.far.test"}, {"a.test", "www.a.test"}}, "a.test", "") == "a.test");
}

TEST_CASE("of a domain's names mail. comes first, whatever else the alphabet says") {
  CHECK(client_host({{"a.test", "calendar.a.test", "imap.a.test", "mail.a.test"}}, "a.test", "") ==
        "mail.a.test");
  CHECK(client_host({{"calendar.a.test", "imap.a.test"}}, "a.test", "") == "imap.a.test");
  CHECK(client_host({{"*.a.test", "a.test"}}, "a.test", "") == "mail.a.test");
  CHECK(client_host({{"*.a.test", "mx.a.test"}}, "a.test", "") == "mx.a.test");
  CHECK(client_host({{"cloud.far.test", "mail.far.test"}}, "a.test", "") == "mail.far.test");
}

TEST_CASE("the node's own name stands for domains that no certificate names") {
  CHECK(client_host({{"mx1.far.test"}, {"mail.xa.test"}}, "a.test", "mx1.far.test") == "mx1.far.test");
  CHECK(client_host({{"*.far.test"}, {"mail.xa.test"}}, "a.test", "mx1.far.test") == "mx1.far.test");
  CHECK(client_host({{"*.far.test"}, {"mail.xa.test"}}, "a.test", "node") == std::nullopt);
}

TEST_CASE("one certificate serves every domain; of several none is taken that says nothing of the domain") {
  CHECK(client_host({{"autoconfig.far.test", "mail.far.test", "mx.far.test"}}, "a.test", "") ==
        "mail.far.test");
  CHECK(client_host({{"mail.far.test"}, {"mail.xa.test"}}, "a.test", "") == std::nullopt);
  CHECK(client_host({{"*.far.test"}}, "a.test", "") == std::nullopt);
  CHECK(client_host({}, "a.test", "") == std::nullopt);
}
