#include "node/services/dns/sender_policy.hpp"

#include <doctest/doctest.h>

using namespace gridmail;

namespace {

Allowed allowed(std::string_view policy, const std::string& address = "203.0.113.9") {
  return allowed_by(policy, address, {"203.0.113.1", "2001:db8::1"}, {"203.0.113.2"});
}

}  // namespace

TEST_CASE("a sender policy is known by its version") {
  CHECK(is_sender_policy("v=spf1"));
  CHECK(is_sender_policy("V=SPF1 -all"));
  CHECK(!is_sender_policy("v=spf10 -all"));
  CHECK(!is_sender_policy("spf2.0/pra"));
}

TEST_CASE("the first mechanism that matches decides (RFC 7208, section 4.6.2)") {
  CHECK(allowed("v=spf1 ip4:203.0.113.0/24 -all") == Allowed::yes);
  CHECK(allowed("v=spf1 ip4:203.0.113.9 -all") == Allowed::yes);
  CHECK(allowed("v=spf1 ip4:203.0.113.8/31 ~all") == Allowed::yes);
  CHECK(allowed("v=spf1 ip4:203.0.113.16/28 -all") == Allowed::no);
  CHECK(allowed("v=spf1 -ip4:203.0.113.9 +all") == Allowed::no);
  CHECK(allowed("v=spf1 ip6:2001:db8::/32 -all") == Allowed::no);
  CHECK(allowed("v=spf1 ip6:2001:db8::/32 -all", "2001:db8:5::7") == Allowed::yes);
  CHECK(allowed("v=spf1 mx -all", "203.0.113.1") == Allowed::yes);
  CHECK(allowed("v=spf1 MX -all", "2001:DB8:0::1") == Allowed::yes);
  CHECK(allowed("v=spf1 a -all", "203.0.113.2") == Allowed::yes);
  CHECK(allowed("v=spf1 a mx -all") == Allowed::no);
  CHECK(allowed("v=spf1 all") == Allowed::yes);
  CHECK(allowed("v=spf1") == Allowed::no);
}

TEST_CASE("what would have to be asked for is not guessed") {
  CHECK(allowed("v=spf1 include:_spf.far.test -all") == Allowed::unknown);
  CHECK(allowed("v=spf1 include:_spf.far.test ip4:203.0.113.9 -all") == Allowed::yes);
  CHECK(allowed("v=spf1 redirect=_spf.far.test") == Allowed::unknown);
  CHECK(allowed("v=spf1 a:mail.far.test -all") == Allowed::unknown);
}

TEST_CASE("rubbish matches nothing") {
  for (const auto* policy : {"v=spf1 ip4: -all", "v=spf1 ip4:203.0.113.9/33 -all", "v=spf1 ip4:x/8",
                             "v=spf1 + - ?", "v=spf1 ip4:203.0.113.9/ -all"})
    CHECK(allowed(policy) == Allowed::no);
}

TEST_CASE("private and local addresses are not public") {
  for (const auto* address : {"203.0.113.9", "172.32.0.1", "2001:db8::1"}) CHECK(is_public_address(address));
  for (const auto* address : {"10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "100.64.1.1",
                              "169.254.1.1", "::1", "::", "fe80::1", "fd00::1", "0.0.0.0", "", "host.test"})
    CHECK(!is_public_address(address));
}

TEST_CASE("an address has its name for PTR records") {
  CHECK(reverse_name("203.0.113.9") == "9.113.0.203.in-addr.arpa");
  CHECK(reverse_name("2001:db8::1") ==
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  CHECK(reverse_name("host.test").empty());
}
