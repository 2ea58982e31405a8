#include "gossip/transport/tls_identity.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "gossip/transport/peer_address.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace gridmail;
using namespace gridmail::test;

TEST_CASE("an identity is made once and then kept") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "node.key";
  const auto first = TlsIdentity::load_or_create(file);
  const auto second = TlsIdentity::load_or_create(file);
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  CHECK(first->public_key().size() == 32);
  CHECK(first->public_key() == second->public_key());
  CHECK(first->node_id() == node_id_of(first->public_key()));
  CHECK(first->node_id().bytes() == blake2b(first->public_key(), 16));
}

TEST_CASE("only the owner may read the key file") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "node.key";
  REQUIRE(TlsIdentity::load_or_create(file).has_value());
  CHECK(std::filesystem::status(file).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("a file that holds no Ed25519 key is refused and left alone") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "node.key";
  std::ofstream(file) << "garbage";
  const auto refused = TlsIdentity::load_or_create(file);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::corrupted);
  CHECK(std::filesystem::file_size(file) == 7);
}

TEST_CASE("what a socket gives is written with brackets around IPv6, and IPv4 as such") {
  CHECK(host_port_of(asio::ip::make_address("2001:db8::1"), 1).text() == "[2001:db8::1]:1");
  CHECK(host_port_of(asio::ip::make_address("::ffff:192.0.2.1"), 1).text() == "192.0.2.1:1");
}
