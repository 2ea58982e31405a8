#include "gossip/transport/peer_transport.hpp"

#include <asio/post.hpp>
#include <asio/strand.hpp>

#include "gossip/transport/peer_hello.pb.h"
#include "node/base/log.hpp"
#include "node/runtime/tcp_listener.hpp"

namespace gridmail {
namespace {

constexpr int free_port_tries_max = 20;

std::shared_ptr<const MemberKeys> member_keys(Bytes grid_id, std::vector<Peer> members,
                                              const std::vector<NodeId>& removed) {
  auto keys = std::make_shared<MemberKeys>();
  keys->grid_id = std::move(grid_id);
  keys->removed.insert(removed.begin(), removed.end());
  for (auto& member : members) {
    if (member.id != node_id_of(member.public_key)) {
      log(Level::error, "peer.id_is_not_of_its_key", {{"peer", member.id.hex()}});
      continue;
    }
    keys->peers.emplace(member.id, std::move(member));
  }
  return keys;
}

}  // namespace

PeerTransport::PeerTransport(asio::io_context& context, Clock& clock, const TlsIdentity& identity,
                             OutgoingConnection::Settings settings)
    : context_(context),
      clock_(clock),
      self_(identity.node_id()),
      tls_(identity),
      settings_(settings),
      self_strand_(asio::make_strand(context)),
      incoming_(context, clock, tls_.server, tasks_),
      datagrams_(std::make_shared<DatagramSocket>(context, clock, tasks_)) {
  incoming_.callbacks.connected = [this](NodeId peer) { peer_is_up(peer); };
}

PeerTransport::~PeerTransport() = default;

void PeerTransport::on_message(OnMessage handler) {
  incoming_.callbacks.message = std::move(handler);
}
void PeerTransport::on_datagram(OnDatagram handler) {
  on_datagram_ = std::move(handler);
}
void PeerTransport::on_stranger(std::function<Task<Bytes>(Bytes, Bytes)> handler) {
  incoming_.callbacks.stranger = std::move(handler);
}

void PeerTransport::on_removed(std::function<void(NodeId)> handler) {
  on_removed_ = std::move(handler);
}

Result<std::uint16_t> PeerTransport::listen(const std::string& address, std::uint16_t port) {
  GRIDMAIL_ASSERT(on_datagram_ && incoming_.callbacks.message);
  const asio::any_io_executor strand = asio::make_strand(context_);
  // With port 0 the kernel picks one for TCP that may be taken for UDP: then another.
  for (int tries = port == 0 ? free_port_tries_max : 1; tries > 0; --tries) {
    auto acceptor = listen_on(strand, "peers", address, port);
    if (!acceptor) return tl::unexpected(acceptor.error());
    const auto endpoint = acceptor->local_endpoint();
    const auto bound = datagrams_->bind(endpoint.address(), endpoint.port());
    if (!bound && tries > 1) continue;
    if (!bound) return tl::unexpected(bound.error());
    tasks_.spawn(strand, "accept", incoming_.serve(std::move(*acceptor)));
    tasks_.spawn(datagrams_->strand(), "datagrams", datagrams_->receive(on_datagram_));
    return endpoint.port();
  }
  return fail(Errc::busy, "no port is free for both TCP and UDP");
}

Task<void> PeerTransport::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const auto& [key, connection] : outgoing_) connection->close();
    outgoing_.clear();
  }
  datagrams_->close();
  tasks_.cancel();
  co_await tasks_.join();
}

void PeerTransport::set_members(Bytes grid_id, std::vector<Peer> members,
                                const std::vector<NodeId>& removed) {
  const auto keys = member_keys(std::move(grid_id), std::move(members), removed);
  incoming_.set_members(keys);
  const std::lock_guard lock(mutex_);
  // A connection's hello names the grid: another grid, other connections.
  const bool same_grid = members_->grid_id == keys->grid_id;
  members_ = keys;
  for (auto at = outgoing_.begin(); at != outgoing_.end();) {
    const auto* peer = keys->find(at->first.first);
    if (peer != nullptr && same_grid) {
      at->second->set_addresses(peer->addresses);
      ++at;
    } else {
      at->second->close();
      at = outgoing_.erase(at);
    }
  }
}

void PeerTransport::send(NodeId to, Channel channel, std::uint16_t kind, Bytes payload) {
  if (to == self_) return send_to_self(kind, std::move(payload));
  const auto connection = outgoing(to, channel);
  if (connection) connection->send(kind, std::move(payload));
}

void PeerTransport::send_datagram(const std::string& address, Bytes payload) {
  datagrams_->send(address, std::move(payload));
}

void PeerTransport::send_to_self(std::uint16_t kind, Bytes payload) {
  asio::post(self_strand_, [this, kind, payload = std::move(payload)]() mutable {
    incoming_.callbacks.message(self_, kind, std::move(payload));
  });
}

/// The connection to a member, begun when this is its first message; null when there is no such member.
std::shared_ptr<OutgoingConnection> PeerTransport::outgoing(NodeId to, Channel channel) {
  const std::lock_guard lock(mutex_);
  const auto found = outgoing_.find({to, channel});
  if (found != outgoing_.end()) return found->second;
  const auto* peer = members_->find(to);
  if (peer == nullptr || stopped_) return nullptr;
  const asio::any_io_executor strand = asio::make_strand(context_);
  auto removed = [this, to] {
    if (on_removed_) on_removed_(to);
  };
  auto connection = std::make_shared<OutgoingConnection>(strand, clock_, tls_.client, to, peer->addresses,
                                                         hello(channel), std::move(removed), settings_);
  outgoing_.emplace(Key{to, channel}, connection);
  tasks_.spawn(strand, "peer " + to.brief(), connection->run());
  return connection;
}

/// The first frame of an outgoing connection; under mutex_.
Bytes PeerTransport::hello(Channel channel) const {
  transport::Hello hello;
  hello.set_version(1);
  hello.set_purpose(transport::Hello::MEMBER);
  hello.set_channel(static_cast<std::uint32_t>(channel));
  hello.set_grid_id(members_->grid_id);
  Bytes frame;
  append_frame(frame, 0, hello.SerializeAsString());
  return frame;
}

void PeerTransport::peer_is_up(NodeId peer) {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, connection] : outgoing_) {
    if (key.first == peer) connection->redial_soon();
  }
}

}  // namespace gridmail
