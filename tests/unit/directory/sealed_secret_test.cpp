#include "storage/directory/sealed_secret.hpp"

#include <doctest/doctest.h>

#include "tests/unit/directory/sealing_member.hpp"

using namespace gridmail;
using Node = gridmail::test::SealingMember;

TEST_CASE("a sealed secret is opened by each member and by nobody else") {
  SystemRandom random;
  const Node a(random), b(random), stranger(random);
  const Bytes secret = "-----BEGIN PRIVATE KEY-----";
  const auto sealed = seal_secret(secret, {a.member, b.member}, random);
  CHECK(sealed.SerializeAsString().find(secret) == std::string::npos);
  for (const auto* node : {&a, &b}) {
    const auto opened = open_secret(sealed, node->member.id, node->seed);
    REQUIRE(opened);
    CHECK(*opened == secret);
  }
  CHECK(open_secret(sealed, stranger.member.id, stranger.seed).error().code == Errc::not_found);
  CHECK(open_secret(sealed, a.member.id, stranger.seed).error().code == Errc::corrupted);
  CHECK(is_sealed_to(sealed, {b.member, a.member}));
  CHECK_FALSE(is_sealed_to(sealed, {a.member}));
  CHECK_FALSE(is_sealed_to(sealed, {a.member, stranger.member}));
}

TEST_CASE("the first living member that can open a secret seals it to those who have come, once") {
  SystemRandom random;
  const Node a(random), b(random), c(random);
  const std::vector<Member> members{c.member, a.member, b.member};
  NodeId dead;
  const std::function<bool(NodeId)> is_alive = [&](NodeId id) { return id != dead; };
  const auto by = [&](const Node& node, const directory::SealedSecret& sealed) {
    return sealed_anew(sealed, members, {node.member.id, node.seed, random, is_alive});
  };
  const auto sealed = seal_secret("secret", {b.member, a.member}, random);
  CHECK(by(c, sealed).value() == std::nullopt);
  CHECK(by(b, sealed).value() == std::nullopt);
  const auto anew = by(a, sealed);
  REQUIRE(anew);
  REQUIRE(*anew);
  CHECK(open_secret(**anew, c.member.id, c.seed).value() == "secret");
  CHECK(by(a, **anew).value() == std::nullopt);
  dead = a.member.id;
  CHECK(by(b, sealed).value());
  auto damaged = sealed;
  damaged.mutable_box()->back() ^= 1;
  CHECK(by(b, damaged).error().code == Errc::corrupted);
}

TEST_CASE("a sealed secret that was changed is not opened") {
  SystemRandom random;
  const Node a(random);
  const auto sealed = seal_secret("secret", {a.member}, random);
  for (std::size_t at = 0; at < sealed.box().size(); ++at) {
    auto changed = sealed;
    changed.mutable_box()->at(at) ^= 1;
    CHECK(open_secret(changed, a.member.id, a.seed).error().code == Errc::corrupted);
  }
  auto cut = sealed;
  cut.mutable_box()->resize(10);
  CHECK(open_secret(cut, a.member.id, a.seed).error().code == Errc::corrupted);
  cut = sealed;
  cut.mutable_members(0)->mutable_box()->pop_back();
  CHECK(open_secret(cut, a.member.id, a.seed).error().code == Errc::corrupted);
}
