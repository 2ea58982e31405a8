// ListenerBook: where every node's mail listeners are reached by clients. Each node knows its own; the others
// are asked once in each of their lives, so that it costs nothing while nothing changes.
#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

#include "gossip/membership/node_status.hpp"
#include "node/base/network.hpp"
#include "node/services/clients/client_listeners.hpp"

namespace gridmail {

/// Thread-safe. The network must outlive it.
class ListenerBook {
 public:
  ListenerBook(NodeId self, Network& network) : self_(self), network_(network) {}

  /// Until then nobody is answered, and asks again.
  void set_own(ClientListeners own);
  /// Asks those of `nodes` that seem alive and have not answered in their present life, and forgets who is
  /// not among them. To be called every few seconds: questions and answers may be lost.
  void ask(const MembershipView& nodes);
  /// A message of MessageKind::listeners from a member of the grid.
  void on_message(NodeId from, BytesView payload);

  /// `service` as under [listen]. Nothing: not offered there, or not known yet.
  [[nodiscard]] std::optional<HostPort> find(NodeId node, std::string_view service) const;

 private:
  struct Entry {
    std::uint64_t asked_life = 0, known_life = 0;
    ClientListeners listeners;
  };
  void send(NodeId to, const Bytes& payload);

  const NodeId self_;
  Network& network_;
  mutable std::mutex mutex_;
  std::optional<ClientListeners> own_;
  std::map<NodeId, Entry> others_;
};

}  // namespace gridmail
