#include <doctest/doctest.h>

#include "gossip/membership/join_token.hpp"
#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail {
namespace {

JoinToken sample() {
  SeededRandom random(1);
  return {Bytes(16, 'g'),
          {"192.0.2.1:7000", "[2001:db8::1]:7000"},
          test::node(1),
          draw_join_secret(random),
          1000};
}

TEST_CASE("a join token comes back from its text, white space around it or not") {
  const auto text = encode_join_token(sample());
  CHECK(text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
        std::string::npos);
  CHECK(*decode_join_token(text) == sample());
  CHECK(*decode_join_token("  " + text + "\n") == sample());
}

TEST_CASE("a join token that is mistyped, cut off, foreign or of a newer format says so") {
  const auto text = encode_join_token(sample());
  CHECK(decode_join_token("").error().code == Errc::invalid);
  CHECK(decode_join_token("hello").error().code == Errc::invalid);
  CHECK(decode_join_token("gridmail-join-2.abc").error().code == Errc::unsupported);
  CHECK(decode_join_token("gridmail-join-1.").error().code == Errc::corrupted);
  const auto body = text.find('.') + 1;
  for (std::size_t i = body; i < text.size(); ++i) {
    auto mistyped = text;
    mistyped[i] = mistyped[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(decode_join_token(mistyped));
    CHECK_FALSE(decode_join_token(text.substr(0, i)));
  }
}

TEST_CASE("a join token expires") {
  CHECK_FALSE(is_expired(sample(), 999));
  CHECK(is_expired(sample(), 1000));
}

}  // namespace
}  // namespace gridmail
