#include "node/runtime/proxy_header.hpp"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "node/base/ip_network.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/pipe_stream.hpp"

using namespace gridmail;
using gridmail::testing::PipeStream;

namespace {

struct Outcome {
  bool accepted = false;
  std::string client;  ///< empty: the proxy itself
  std::string rest;    ///< what the session reads then
};

/// A connection that sends `bytes`, whole or octet by octet, and ends.
Outcome read_from(std::string bytes, bool slowly = false) {
  asio::io_context context;
  testing::ManualClock clock;
  auto [server, client] = PipeStream::make_pair(context.get_executor(), clock);
  Outcome outcome;
  asio::co_spawn(
      context,
      [](std::unique_ptr<PipeStream> stream, Outcome& out) -> Task<void> {
        const auto header = co_await read_proxy_header(*stream);
        out.accepted = header.has_value();
        if (!header) co_return;
        if (header->client) out.client = header->client->to_string();
        char c = 0;
        while (co_await stream->read_some(&c, 1) == 1) out.rest += c;
      }(std::move(server), outcome),
      asio::detached);
  asio::co_spawn(
      context,
      [](std::unique_ptr<PipeStream> stream, std::string text, bool slow) -> Task<void> {
        for (std::size_t at = 0; at < text.size();) {
          const auto size = slow ? 1 : text.size();
          co_await stream->write(text.substr(at, size));
          at += size;
        }
      }(std::move(client), std::move(bytes), slowly),
      asio::detached);
  context.run();
  return outcome;
}

std::string binary(unsigned version_command, unsigned family, const std::string& rest) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += static_cast<char>(version_command);
  header += static_cast<char>(family);
  header += static_cast<char>(rest.size() >> 8);
  header += static_cast<char>(rest.size());
  return header + rest;
}

const std::string v4_addresses("\xc0\x00\x02\x07\xc6\x33\x64\x01\xd9\x03\x00\x19", 12);

}  // namespace

TEST_CASE("a PROXY line says who the client is, and the client's first bytes stay") {
  for (const bool slowly : {false, true}) {
    const auto done = read_from("PROXY TCP4 192.0.2.7 198.51.100.1 55555 25\r\nEHLO x\r\n", slowly);
    CHECK(done.accepted);
    CHECK(done.client == "192.0.2.7");
    CHECK(done.rest == "EHLO x\r\n");
  }
  CHECK(read_from("PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n").client == "2001:db8::7");
  const auto unknown = read_from("PROXY UNKNOWN\r\nQUIT\r\n");
  CHECK(unknown.accepted);
  CHECK(unknown.client.empty());
  CHECK(unknown.rest == "QUIT\r\n");
  CHECK(read_from("PROXY UNKNOWN ffff::1 ffff::1 65535 65535\r\n").accepted);
}

TEST_CASE("a binary PROXY header says it too; what it carries besides is passed over") {
  for (const bool slowly : {false, true}) {
    const auto done =
        read_from(binary(0x21, 0x11, v4_addresses + std::string("\x04\x00\x01x", 4)) + "EHLO x\r\n", slowly);
    CHECK(done.accepted);
    CHECK(done.client == "192.0.2.7");
    CHECK(done.rest == "EHLO x\r\n");
  }
  std::string v6(36, '\0');
  v6[0] = 0x20, v6[1] = 0x01, v6[2] = 0x0d, v6[3] = static_cast<char>(0xb8), v6[15] = 7;
  CHECK(read_from(binary(0x21, 0x21, v6)).client == "2001:db8::7");
  const auto local = read_from(binary(0x20, 0x00, "") + "x");
  CHECK(local.accepted);
  CHECK(local.client.empty());
  CHECK(local.rest == "x");
  CHECK(read_from(binary(0x21, 0x00, std::string(8, '\0'))).accepted);
}

TEST_CASE("anything else is no PROXY header") {
  for (const std::string& bytes :
       {std::string("EHLO client.example.org\r\n"), std::string("PROXY TCP4 192.0.2.7\r\n"),
        std::string("PROX"), std::string(), std::string("PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n"),
        std::string("PROXY TCP4 a b 1 2\r\n"), "PROXY TCP4 " + std::string(200, '1') + "\r\n",
        std::string("PROXY TCP4 192.0.2.7 198.51.100.1 1 25"), binary(0x11, 0x11, v4_addresses),
        binary(0x22, 0x11, v4_addresses), binary(0x21, 0x11, v4_addresses.substr(1)),
        binary(0x21, 0x11, v4_addresses).substr(0, 20), binary(0x21, 0x31, std::string(216, 'x')),
        binary(0x21, 0x11, std::string(5000, 'x'))}) {
    CAPTURE(bytes);
    CHECK_FALSE(read_from(bytes).accepted);
  }
}

TEST_CASE("networks contain their addresses, in either form") {
  const auto contains = [](const char* network, const char* address) {
    const auto parsed = IpNetwork::parse(network);
    REQUIRE(parsed);
    return parsed->contains(address);
  };
  CHECK(contains("192.0.2.0/24", "192.0.2.255"));
  CHECK_FALSE(contains("192.0.2.0/24", "192.0.3.0"));
  CHECK(contains("192.0.2.0/25", "192.0.2.127"));
  CHECK_FALSE(contains("192.0.2.0/25", "192.0.2.128"));
  CHECK(contains("192.0.2.7", "::ffff:192.0.2.7"));
  CHECK_FALSE(contains("192.0.2.7", "192.0.2.6"));
  CHECK(contains("0.0.0.0/0", "203.0.113.9"));
  CHECK_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  CHECK(contains("2001:db8::/33", "2001:db8:7fff::1"));
  CHECK_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
  CHECK_FALSE(contains("::/0", "192.0.2.7"));
  CHECK_FALSE(contains("192.0.2.0/24", "mail.example.org"));
  for (const auto* wrong : {"", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/24x",
                            "192.0.2.1/24", "2001:db8::/129", "2001:db8::1/64", "localhost"}) {
    CAPTURE(wrong);
    CHECK_FALSE(IpNetwork::parse(wrong));
  }
}
