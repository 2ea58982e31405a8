// The listening side of the peer transport: connections that other nodes, or strangers, have dialled.
#pragma once
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "gossip/transport/member_keys.hpp"
#include "gossip/transport/peer_socket.hpp"
#include "node/base/clock.hpp"
#include "node/base/network.hpp"
#include "node/runtime/task_group.hpp"

namespace gridmail {

inline constexpr std::size_t stranger_bytes_max = std::size_t{64} << 10;

/// Accepts, shakes hands, asks who it is, and reads. Each connection has a strand of its own, on which its
/// messages are handed out in order. One connection per peer and channel: a newer one replaces the older.
/// serve() is a task of the owner's group; set_members() may be called from any thread. Callbacks are set
/// before serve() runs.
class IncomingConnections {
 public:
  struct Callbacks {
    std::function<void(NodeId from, std::uint16_t kind, Bytes payload)> message;
    std::function<void(NodeId from)> connected;
    /// Answers one request of a node that is not a member (yet).
    std::function<Task<Bytes>(Bytes public_key, Bytes request)> stranger;
  };

  IncomingConnections(asio::io_context& context, Clock& clock, TlsContext context_for_tls, TaskGroup& tasks);

  Callbacks callbacks;

  [[nodiscard]] Task<void> serve(asio::ip::tcp::acceptor acceptor);
  /// Connections of peers that are members no longer are closed, and nothing of theirs is handed out any
  /// more.
  void set_members(std::shared_ptr<const MemberKeys> members);

 private:
  struct Connection;
  struct Greeting;
  using Key = std::pair<NodeId, std::uint32_t>;

  [[nodiscard]] Task<void> serve_one(asio::ip::tcp::socket accepted, std::shared_ptr<void> seat);
  [[nodiscard]] Task<Result<Greeting>> greet(std::shared_ptr<Connection> connection);
  [[nodiscard]] Task<void> serve_member(std::shared_ptr<Connection> connection, Greeting greeting);
  [[nodiscard]] Task<void> serve_stranger(std::shared_ptr<Connection> connection, Greeting greeting);
  [[nodiscard]] bool enter(const Key& key, const Greeting& greeting,
                           const std::shared_ptr<Connection>& connection);
  [[nodiscard]] bool has_removed(const Greeting& greeting);
  [[nodiscard]] Task<Result<void>> tell_removed(std::shared_ptr<Connection> connection);
  void leave(const Key& key, const std::shared_ptr<Connection>& connection);

  asio::io_context& context_;
  Clock& clock_;
  const TlsContext tls_;
  TaskGroup& tasks_;
  std::atomic<std::size_t> ungreeted_{0};  // connections that have not shown yet that they are members

  std::mutex mutex_;
  std::shared_ptr<const MemberKeys> members_ = std::make_shared<MemberKeys>();  // guarded by mutex_
  std::map<Key, std::shared_ptr<Connection>> open_;                             // guarded by mutex_
};

}  // namespace gridmail
