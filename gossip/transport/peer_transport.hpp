// PeerTransport: the Network port in production. Messages travel over TLS 1.3 connections that both sides pin
// to the member keys of the map, one per peer, channel and direction; datagrams over UDP on the same port
// number.
#pragma once
#include <asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gossip/transport/datagram_socket.hpp"
#include "gossip/transport/incoming_connections.hpp"
#include "gossip/transport/outgoing_connection.hpp"
#include "gossip/transport/tls_identity.hpp"
#include "node/base/network.hpp"

namespace gridmail {

/// Thread-safe. Lifecycle: construction → on_message(), on_datagram(), on_stranger() → listen() → stop() →
/// (the context has no handlers of it left) → destruction. Handlers run on the strand of the connection that
/// brought the message: in order for one peer and channel, at the same time for others.
class PeerTransport final : public Network {
 public:
  /// The context, the clock and the identity outlive the transport.
  PeerTransport(asio::io_context& context, Clock& clock, const TlsIdentity& identity,
                OutgoingConnection::Settings settings = {});
  ~PeerTransport() override;

  /// Opens TCP and UDP on the same port number (0: any free one) and gives it. Both handlers are set before,
  /// or nothing would be read. Errors as listen_on().
  [[nodiscard]] Result<std::uint16_t> listen(const std::string& address, std::uint16_t port);
  /// Ends every task; nothing is delivered any more. Queued messages are dropped.
  [[nodiscard]] Task<void> stop();

  /// Whom to talk to from now on; who is not in it is cut off at once, and told so when it comes again and is
  /// one of the `removed`. Peers whose id is not the hash of their key are left out. An empty grid id: no
  /// grid yet, only strangers' calls are answered.
  void set_members(Bytes grid_id, std::vector<Peer> members, const std::vector<NodeId>& removed = {});

  void send(NodeId to, Channel channel, std::uint16_t kind, Bytes payload) override;
  void send_datagram(const std::string& address, Bytes payload) override;
  void on_message(OnMessage handler) override;
  void on_datagram(OnDatagram handler) override;
  /// Answers calls of nodes that are not members: joins. Throwing closes the call without an answer.
  void on_stranger(std::function<Task<Bytes>(Bytes public_key, Bytes request)> handler);
  /// A member, by the last set_members(), says that this node is none any more. Called from any strand.
  void on_removed(std::function<void(NodeId by)> handler);

 private:
  using Key = std::pair<NodeId, Channel>;
  [[nodiscard]] std::shared_ptr<OutgoingConnection> outgoing(NodeId to, Channel channel);
  [[nodiscard]] Bytes hello(Channel channel) const;
  void send_to_self(std::uint16_t kind, Bytes payload);
  void peer_is_up(NodeId peer);

  asio::io_context& context_;
  Clock& clock_;
  const NodeId self_;
  const PeerTls tls_;
  const OutgoingConnection::Settings settings_;
  const asio::any_io_executor self_strand_;
  OnDatagram on_datagram_;
  std::function<void(NodeId by)> on_removed_;
  TaskGroup tasks_{"peer_transport"};
  IncomingConnections incoming_;
  const std::shared_ptr<DatagramSocket> datagrams_;

  std::mutex mutex_;
  std::shared_ptr<const MemberKeys> members_ = std::make_shared<MemberKeys>();  // guarded by mutex_
  std::map<Key, std::shared_ptr<OutgoingConnection>> outgoing_;                 // guarded by mutex_
  bool stopped_ = false;                                                        // guarded by mutex_
};

}  // namespace gridmail
