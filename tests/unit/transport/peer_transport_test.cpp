// Three nodes in one process, over real sockets on loopback.
#include "gossip/transport/peer_transport.hpp"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include "gossip/transport/stranger_call.hpp"
#include "node/runtime/system_clock.hpp"

using namespace gridmail;
using namespace std::chrono_literals;

namespace {

const Bytes grid_id(16, 'g');

struct Node {
  Node(asio::io_context& context, Clock& clock)
      : context(context), clock(clock), identity(TlsIdentity::draw()) {
    start(0);
  }
  void start(std::uint16_t wanted_port) {
    transport = std::make_unique<PeerTransport>(context, clock, identity);
    transport->on_message([this](NodeId from, std::uint16_t kind, Bytes payload) {
      received.push_back({from, kind, std::move(payload)});
    });
    transport->on_datagram([this](std::string address, Bytes payload) {
      datagrams.emplace_back(std::move(address), std::move(payload));
    });
    transport->on_stranger([](Bytes public_key, Bytes request) -> Task<Bytes> {
      co_return "welcome " + node_id_of(public_key).hex() + " " + request;
    });
    transport->on_removed([this](NodeId by) { removed_by.push_back(by); });
    const auto listening = transport->listen("127.0.0.1", wanted_port);
    if (!listening) FAIL(listening.error().text);
    port = *listening;
  }
  [[nodiscard]] NodeId id() const { return identity.node_id(); }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port); }
  [[nodiscard]] Peer peer() const { return {id(), identity.public_key(), {address()}}; }
  [[nodiscard]] bool has(NodeId from, BytesView payload) const {
    return std::any_of(received.begin(), received.end(),
                       [&](const Message& m) { return m.from == from && m.payload == payload; });
  }

  struct Message {
    NodeId from;
    std::uint16_t kind;
    Bytes payload;
  };
  asio::io_context& context;
  Clock& clock;
  TlsIdentity identity;
  std::unique_ptr<PeerTransport> transport;
  std::uint16_t port = 0;
  std::vector<Message> received;
  std::vector<std::pair<std::string, Bytes>> datagrams;
  std::vector<NodeId> removed_by;
};

struct GridFixture {
  asio::io_context context;
  SystemClock clock{context};
  Node a{context, clock};
  Node b{context, clock};
  Node c{context, clock};

  GridFixture() { set_members({&a, &b, &c}, {&a, &b, &c}); }

  static void set_members(std::initializer_list<Node*> at, std::initializer_list<Node*> members) {
    std::vector<Peer> peers;
    for (const auto* member : members) peers.push_back(member->peer());
    for (auto* node : at) node->transport->set_members(grid_id, peers);
  }
  /// Until the condition holds; false after 5 s.
  template <class Condition>
  Task<bool> eventually(Condition condition) {
    asio::steady_timer timer(context);
    const auto until = clock.now() + 5s;
    while (!condition() && clock.now() < until) {
      timer.expires_after(2ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return condition();
  }
  Task<void> pause(Duration duration) { co_await sleep_for(clock, duration); }
  template <class Body>
  void run(Body body) {
    std::exception_ptr failure;
    asio::co_spawn(context, drive(std::move(body)), [&](std::exception_ptr thrown) { failure = thrown; });
    context.run();
    if (failure) std::rethrow_exception(failure);
  }
  template <class Body>
  Task<void> drive(Body body) {
    co_await body();
    for (auto* node : {&a, &b, &c}) co_await node->transport->stop();
  }
};

}  // namespace

TEST_CASE_FIXTURE(GridFixture, "messages flow between all nodes, in order, on every channel") {
  const auto body = [&]() -> Task<void> {
    for (int i = 0; i < 100; ++i) a.transport->send(b.id(), Channel::operations, 4, std::to_string(i));
    b.transport->send(a.id(), Channel::control, 3, "to a");
    c.transport->send(a.id(), Channel::bulk, 5, Bytes(5'000'000, 'x'));
    const bool arrived =
        co_await eventually([&] { return b.received.size() == 100 && a.received.size() == 2; });
    CHECK(arrived);
    for (std::size_t i = 0; i < b.received.size(); ++i) {
      CHECK(b.received[i].payload == std::to_string(i));
      CHECK(b.received[i].from == a.id());
      CHECK(b.received[i].kind == 4);
    }
    CHECK(a.has(b.id(), "to a"));
    CHECK(a.has(c.id(), Bytes(5'000'000, 'x')));
  };
  run(body);
}

TEST_CASE_FIXTURE(GridFixture, "a message to oneself arrives") {
  const auto body = [&]() -> Task<void> {
    a.transport->send(a.id(), Channel::control, 1, "me");
    CHECK(a.received.empty());
    const bool arrived = co_await eventually([&] { return a.has(a.id(), "me"); });
    CHECK(arrived);
  };
  run(body);
}

TEST_CASE_FIXTURE(GridFixture, "datagrams arrive with an address that can be answered") {
  const auto body = [&]() -> Task<void> {
    a.transport->send_datagram(b.address(), "ping");
    const bool arrived = co_await eventually([&] { return !b.datagrams.empty(); });
    REQUIRE(arrived);
    CHECK(b.datagrams[0].second == "ping");
    CHECK(b.datagrams[0].first == a.address());
    b.transport->send_datagram("localhost:" + std::to_string(a.port), "pong");
    const bool answered = co_await eventually([&] { return !a.datagrams.empty(); });
    CHECK(answered);
  };
  run(body);
}

TEST_CASE_FIXTURE(GridFixture, "a node that is not a member is refused, whatever it believes itself") {
  set_members({&a, &b}, {&a, &b});
  const auto body = [&]() -> Task<void> {
    c.transport->send(a.id(), Channel::control, 1, "let me in");
    b.transport->send(a.id(), Channel::control, 1, "hello");
    const bool arrived = co_await eventually([&] { return a.has(b.id(), "hello"); });
    CHECK(arrived);
    co_await pause(100ms);
    CHECK(a.received.size() == 1);
  };
  run(body);
}

TEST_CASE_FIXTURE(GridFixture, "a member of another grid is refused") {
  c.transport->set_members(Bytes(16, 'x'), {a.peer(), b.peer(), c.peer()});
  const auto body = [&]() -> Task<void> {
    c.transport->send(a.id(), Channel::control, 1, "other grid");
    co_await pause(100ms);
    CHECK(a.received.empty());
  };
  run(body);
}

TEST_CASE_FIXTURE(GridFixture, "nothing is sent to an address that answers with another key") {
  auto impostor = b.peer();
  impostor.addresses = {c.address()};
  a.transport->set_members(grid_id, {a.peer(), impostor, c.peer()});
  const auto body = [&]() -> Task<void> {
    a.transport->send(b.id(), Channel::control, 1, "for b only");
    co_await pause(150ms);
    CHECK(b.received.empty());
    CHECK(c.received.empty());
  };
  run(body);
}

TEST_CASE_FIXTURE(GridFixture, "a removed member is cut off at once, in both directions") {
  const auto body = [&]() -> Task<void> {
    c.transport->send(a.id(), Channel::control, 1, "before");
    a.transport->send(c.id(), Channel::control, 1, "before");
    const bool arrived =
        co_await eventually([&] { return a.has(c.id(), "before") && c.has(a.id(), "before"); });
    REQUIRE(arrived);
    set_members({&a}, {&a, &b});
    c.transport->send(a.id(), Channel::control, 1, "after");
    a.transport->send(c.id(), Channel::control, 1, "after");
    co_await pause(150ms);
    CHECK_FALSE(a.has(c.id(), "after"));
    CHECK_FALSE(c.has(a.id(), "after"));
  };
  run(body);
}

TEST_CASE_FIXTURE(GridFixture,
                  "a member that was removed while it was away is told so; no other stranger is") {
  const auto body = [&]() -> Task<void> {
    const auto other = TlsIdentity::draw();
    a.transport->set_members(grid_id, {a.peer(), b.peer()}, {c.id(), other.node_id()});
    b.transport->set_members(Bytes(16, 'x'), {a.peer(), b.peer(), c.peer()}, {c.id()});
    c.transport->send(b.id(), Channel::control, 1, "of another grid");
    c.transport->send(a.id(), Channel::operations, 1, Bytes(1'000'000, 'x'));
    const bool told = co_await eventually([&] { return !c.removed_by.empty(); });
    CHECK(told);
    co_await pause(100ms);
    for (const auto& by : c.removed_by) CHECK(by == a.id());
    CHECK(a.received.empty());
    // Who was no member ever learns nothing.
    a.transport->set_members(grid_id, {a.peer(), b.peer()}, {other.node_id()});
    c.removed_by.clear();
    c.transport->send(a.id(), Channel::control, 1, "again");
    co_await pause(200ms);
    CHECK(c.removed_by.empty());
  };
  run(body);
}

TEST_CASE_FIXTURE(GridFixture,
                  "a peer that restarts is talked to again, and messages sent meanwhile arrive") {
  const auto body = [&]() -> Task<void> {
    a.transport->send(b.id(), Channel::control, 1, "first");
    const bool first = co_await eventually([&] { return b.has(a.id(), "first"); });
    REQUIRE(first);
    const auto port = b.port;
    co_await b.transport->stop();
    const auto before_restart = clock.now();
    // The first may be lost with the connection; the second is queued.
    a.transport->send(b.id(), Channel::control, 1, "lost");
    co_await pause(100ms);
    a.transport->send(b.id(), Channel::control, 1, "queued");
    b.start(port);
    set_members({&b}, {&a, &b, &c});
    const bool queued = co_await eventually([&] { return b.has(a.id(), "queued"); });
    CHECK(queued);
    CHECK(clock.now() - before_restart < 2s);
  };
  run(body);
}

TEST_CASE_FIXTURE(GridFixture, "messages for a peer that stays away grow old and are dropped") {
  const auto body = [&]() -> Task<void> {
    const auto port = b.port;
    co_await b.transport->stop();
    a.transport->send(b.id(), Channel::control, 1, "old");
    co_await pause(2100ms);
    b.start(port);
    set_members({&b}, {&a, &b, &c});
    a.transport->send(b.id(), Channel::control, 1, "new");
    const bool arrived = co_await eventually([&] { return b.has(a.id(), "new"); });
    CHECK(arrived);
    CHECK_FALSE(b.has(a.id(), "old"));
  };
  run(body);
}

TEST_CASE_FIXTURE(GridFixture, "a stranger gets one answer, from the node that it expects") {
  const auto stranger = TlsIdentity::draw();
  const auto body = [&]() -> Task<void> {
    const auto deadline = clock.now() + 5s;
    std::vector<std::string> addresses{a.address()};
    const auto answer = co_await call_stranger(clock, stranger, addresses, a.id(), "please", deadline);
    REQUIRE(answer.has_value());
    CHECK(*answer == "welcome " + stranger.node_id().hex() + " please");

    const auto wrong = co_await call_stranger(clock, stranger, addresses, b.id(), "secret", deadline);
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().code == Errc::denied);

    const auto large =
        co_await call_stranger(clock, stranger, addresses, a.id(), Bytes(70'000, 'x'), deadline);
    CHECK(large.error().code == Errc::too_large);
  };
  run(body);
}
