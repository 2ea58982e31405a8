#include "protocols/srs/sender_rewriting.hpp"

#include <doctest/doctest.h>

using namespace gridmail;

namespace {

const Bytes secret(32, 's');
constexpr WallMicros day = WallMicros{86'400} * 1'000'000;
constexpr WallMicros now = 20'000 * day;

std::string rewritten(std::string_view sender, std::string_view via = "us.test", WallMicros at = now) {
  const auto made = srs::rewritten_sender(sender, via, secret, at);
  REQUIRE(made);
  return *made;
}

}  // namespace

TEST_CASE("a sender is rewritten into the forwarder's domain, and led back to") {
  const auto address = rewritten("Jo=e+x@far.test");
  CHECK(address.starts_with("SRS0="));
  CHECK(address.ends_with("=far.test=Jo=e+x@us.test"));
  CHECK(srs::is_rewritten(address));
  CHECK(srs::original_sender(address, secret, now) == "Jo=e+x@far.test");
}

TEST_CASE("letters that lose their case on the way change nothing") {
  std::string address = rewritten("joe@far.test");
  for (auto& c : address) c = static_cast<char>(std::tolower(c));
  CHECK(srs::original_sender(address, secret, now) == "joe@far.test");
}

TEST_CASE("an address leads back for three weeks") {
  const auto address = rewritten("joe@far.test");
  CHECK(srs::original_sender(address, secret, now + srs::days_valid * day));
  CHECK(!srs::original_sender(address, secret, now + (srs::days_valid + 1) * day));
  CHECK(!srs::original_sender(address, secret, now - day));
  const auto late = rewritten("joe@far.test", "us.test", 20'479 * day);  // the count of days begins anew
  CHECK(srs::original_sender(late, secret, 20'481 * day) == "joe@far.test");
}

TEST_CASE("an address that was rewritten before leads back to who did it first, and no further") {
  const auto first = rewritten("joe@far.test", "one.test");
  const auto second = rewritten(first, "two.test");
  CHECK(second.starts_with("SRS1="));
  CHECK(second.find("=one.test==") != std::string::npos);
  const auto third = rewritten(second, "three.test");
  CHECK(third.size() == second.size() + 2);
  CHECK(srs::original_sender(third, secret, now) == first);
  CHECK(srs::original_sender(first, secret, now) == "joe@far.test");
}

TEST_CASE("nothing leads back through an address that was not made here") {
  auto address = rewritten("joe@far.test");
  CHECK(!srs::original_sender(address, Bytes(32, 't'), now));
  CHECK(!srs::original_sender(address, "", now));
  for (std::size_t at = 5; at + 8 < address.size(); ++at) {
    auto changed = address;
    changed[at] = changed[at] == 'q' ? 'r' : 'q';
    CAPTURE(changed);
    CHECK(!srs::original_sender(changed, secret, now));
  }
  for (const auto* rubbish :
       {"", "@", "SRS0=@us.test", "SRS0=a@us.test", "SRS0=a=b=c@us.test", "SRS0====@us.test",
        "SRS1=a=b=c@us.test", "SRS1====@us.test", "joe@us.test", "SRS0=x=y=z=w"})
    CHECK(!srs::original_sender(rubbish, secret, now));
}

TEST_CASE("what has no place in such an address is not rewritten") {
  for (const auto* sender :
       {"", "joe", "@far.test", "joe@", "\"a b\"@far.test", "joe@[192.0.2.1]", "SRS1=a@far.test"})
    CHECK(!srs::rewritten_sender(sender, "us.test", secret, now));
  CHECK(!srs::rewritten_sender(std::string(300, 'x') + "@far.test", "us.test", secret, now));
  CHECK(!srs::rewritten_sender("joe@far.test", "us.test", "", now));
}
