#include "node/services/clients/listener_book.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace gridmail;

namespace {

NodeId node(char which) {
  return *NodeId::from_bytes(Bytes(16, which));
}

/// Keeps what was sent until it is carried over.
class Wire final : public Network {
 public:
  struct Sent {
    NodeId to;
    Bytes payload;
  };
  std::vector<Sent> sent;

  void send(NodeId to, Channel, std::uint16_t, Bytes payload) override {
    sent.push_back({to, std::move(payload)});
  }
  void send_datagram(const std::string&, Bytes) override {}
  void on_message(OnMessage) override {}
  void on_datagram(OnDatagram) override {}
};

struct TwoNodes {
  Wire wire_a, wire_b;
  ListenerBook a{node('a'), wire_a}, b{node('b'), wire_b};
  MembershipView view;

  TwoNodes() {
    for (const auto id : {node('a'), node('b')}) {
      NodeStatus status;
      status.id = id;
      status.life = 1;
      status.heard = true;
      view[id] = status;
    }
  }
  /// What a has sent reaches b, and b's answers a.
  void carry() {
    for (auto& each : std::exchange(wire_a.sent, {})) b.on_message(node('a'), each.payload);
    for (auto& each : std::exchange(wire_b.sent, {})) a.on_message(node('b'), each.payload);
  }
};

const ClientListeners listeners = {{"imap", {"192.0.2.2", 143}}};

}  // namespace

TEST_CASE_FIXTURE(TwoNodes, "a node is asked until it answers, then left alone") {
  a.ask(view);
  carry();  // b does not know its own yet
  CHECK_FALSE(a.find(node('b'), "imap"));
  b.set_own(listeners);
  a.ask(view);
  carry();
  CHECK(a.find(node('b'), "imap") == HostPort{"192.0.2.2", 143});
  CHECK_FALSE(a.find(node('b'), "pop3"));
  a.ask(view);
  CHECK(wire_a.sent.empty());
}

TEST_CASE_FIXTURE(TwoNodes,
                  "a node that started again is asked again, and known as before until it answers") {
  b.set_own(listeners);
  a.ask(view);
  carry();
  view[node('b')].life = 2;
  a.ask(view);
  REQUIRE(wire_a.sent.size() == 1);
  CHECK(a.find(node('b'), "imap") == HostPort{"192.0.2.2", 143});
  b.set_own({{"imap", {"192.0.2.2", 1143}}});
  carry();
  CHECK(a.find(node('b'), "imap") == HostPort{"192.0.2.2", 1143});
}

TEST_CASE_FIXTURE(TwoNodes, "the dead are not asked, and who left is forgotten") {
  b.set_own(listeners);
  a.ask(view);
  carry();
  view[node('b')].life = 2;
  view[node('b')].state = Liveness::dead;
  a.ask(view);
  CHECK(wire_a.sent.empty());
  view.erase(node('b'));
  a.ask(view);
  CHECK_FALSE(a.find(node('b'), "imap"));
}

TEST_CASE_FIXTURE(TwoNodes, "what nobody asked for, or cannot be read, changes nothing") {
  b.set_own(listeners);
  b.on_message(node('c'), {});  // an answer without listeners
  b.on_message(node('c'), "\xff\xff");
  CHECK(b.find(node('b'), "imap") == HostPort{"192.0.2.2", 143});
  CHECK(wire_b.sent.empty());
}
