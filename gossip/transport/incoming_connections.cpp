#include "gossip/transport/incoming_connections.hpp"

#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>

#include "gossip/transport/peer_hello.pb.h"
#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {
namespace {
using asio::ip::tcp;
constexpr auto greeting_max = std::chrono::seconds(5);
constexpr auto stranger_max = std::chrono::seconds(30);
constexpr std::size_t hello_bytes_max = 1024;
constexpr std::size_t ungreeted_max = 128;
}  // namespace

struct IncomingConnections::Connection : std::enable_shared_from_this<Connection> {
  explicit Connection(tcp::socket s) : executor(s.get_executor()), socket(std::move(s)) {}
  const asio::any_io_executor executor;
  TlsSocket socket;
  FrameReader reader;
  std::atomic<bool> cut{false};

  /// From any thread: no message is handed out after this, and the reader ends.
  void close() {
    cut = true;
    asio::post(executor, [self = shared_from_this()] {
      self->socket.cancel();
      self->socket.close();
    });
  }
};

struct IncomingConnections::Greeting {
  Greeting() = default;
  Bytes public_key;
  NodeId id;
  transport::Hello hello;
};

IncomingConnections::IncomingConnections(asio::io_context& context, Clock& clock, TlsContext context_for_tls,
                                         TaskGroup& tasks)
    : context_(context), clock_(clock), tls_(std::move(context_for_tls)), tasks_(tasks) {}

void IncomingConnections::set_members(std::shared_ptr<const MemberKeys> members) {
  const std::lock_guard lock(mutex_);
  members_ = std::move(members);
  for (auto at = open_.begin(); at != open_.end();) {
    const auto* peer = members_->find(at->first.first);
    if (peer != nullptr) {
      ++at;
    } else {
      at->second->close();
      at = open_.erase(at);
    }
  }
}

Task<void> IncomingConnections::serve(tcp::acceptor acceptor) {
  while (true) {
    const asio::any_io_executor strand = asio::make_strand(context_);
    std::error_code error;
    auto socket = co_await acceptor.async_accept(strand, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      log(Level::warn, "peer.accept_failed", {{"error", error.message()}});
      co_await sleep_for(clock_, std::chrono::milliseconds(100));
      continue;
    }
    if (ungreeted_ >= ungreeted_max) continue;
    ++ungreeted_;
    std::shared_ptr<void> seat(nullptr, [this](void*) { --ungreeted_; });
    tasks_.spawn(strand, "peer", serve_one(std::move(socket), std::move(seat)));
  }
}

/// `seat` counts among those not greeted until it is dropped.
Task<void> IncomingConnections::serve_one(tcp::socket accepted, std::shared_ptr<void> seat) {
  watch_for_half_open(accepted);
  const auto connection = std::make_shared<Connection>(std::move(accepted));
  auto greeting = co_await before(clock_, clock_.now() + greeting_max, greet(connection));
  if (!greeting || !*greeting) {
    log(Level::debug, "peer.greeting_failed", {{"error", greeting ? greeting->error().text : "too slow"}});
  } else if ((*greeting)->hello.purpose() == transport::Hello::STRANGER) {
    co_await serve_stranger(connection, std::move(**greeting));
  } else {
    seat.reset();
    co_await serve_member(connection, std::move(**greeting));
  }
  connection->socket.close();
}

Task<Result<IncomingConnections::Greeting>> IncomingConnections::greet(
    std::shared_ptr<Connection> connection) {
  try {
    co_await connection->socket.handshake(tls_, TlsRole::server);
  } catch (const asio::system_error& error) {
    co_return fail(Errc::unavailable, error.what());
  }
  const auto key = peer_public_key(connection->socket);
  if (!key) co_return fail(Errc::denied, "no Ed25519 key");
  const auto frame = co_await read_frame(connection->socket, connection->reader, hello_bytes_max);
  if (!frame) co_return tl::unexpected(frame.error());
  Greeting greeting;
  greeting.public_key = *key;
  greeting.id = node_id_of(*key);
  if (!greeting.hello.ParseFromString(frame->payload)) co_return fail(Errc::corrupted, "unreadable hello");
  co_return greeting;
}

Task<void> IncomingConnections::serve_member(std::shared_ptr<Connection> connection, Greeting greeting) {
  const Key key{greeting.id, greeting.hello.channel()};
  if (greeting.hello.purpose() != transport::Hello::MEMBER || key.second >= channel_count ||
      !enter(key, greeting, connection)) {
    log(Level::warn, "peer.not_a_member", {{"key_of", greeting.id.hex()}});
    const bool removed = has_removed(greeting);
    if (removed) co_await before(clock_, clock_.now() + greeting_max, tell_removed(connection));
    co_return;
  }
  const std::shared_ptr<void> entered(nullptr, [this, key, connection](void*) { leave(key, connection); });
  if (callbacks.connected) callbacks.connected(greeting.id);
  while (true) {
    auto frame = co_await read_frame(connection->socket, connection->reader, frame_bytes_max);
    if (!frame) {
      log(Level::debug, "peer.left", {{"peer", greeting.id.brief()}, {"reason", frame.error().text}});
      co_return;
    }
    if (connection->cut) co_return;
    callbacks.message(greeting.id, frame->kind, std::move(frame->payload));
  }
}

Task<void> IncomingConnections::serve_stranger(std::shared_ptr<Connection> connection, Greeting greeting) {
  if (!callbacks.stranger) co_return;
  const auto deadline = clock_.now() + greeting_max;
  auto request = co_await before(clock_, deadline,
                                 read_frame(connection->socket, connection->reader, stranger_bytes_max));
  if (!request || !*request) co_return;
  const auto answer =
      co_await before(clock_, clock_.now() + stranger_max,
                      callbacks.stranger(std::move(greeting.public_key), std::move((*request)->payload)));
  if (!answer) co_return;
  Bytes frame;
  append_frame(frame, 0, *answer);
  co_await before(clock_, clock_.now() + greeting_max, write_bytes(connection->socket, frame));
}

/// Checks and registers under one lock, so that a removal that comes meanwhile finds the connection.
bool IncomingConnections::enter(const Key& key, const Greeting& greeting,
                                const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  if (!members_->admits(greeting.public_key, greeting.id, greeting.hello.grid_id())) return false;
  auto& place = open_[key];
  if (place) place->close();
  place = connection;
  return true;
}

bool IncomingConnections::has_removed(const Greeting& greeting) {
  const std::lock_guard lock(mutex_);
  return members_->has_removed(greeting.id, greeting.hello.grid_id());
}

/// Then reads what is on its way until the other side, having read this, closes: were the connection closed
/// with bytes unread, its reset could overtake the farewell.
Task<Result<void>> IncomingConnections::tell_removed(std::shared_ptr<Connection> connection) {
  transport::Farewell farewell;
  farewell.set_removed(true);
  Bytes frame;
  append_frame(frame, 0, farewell.SerializeAsString());
  const auto written = co_await write_bytes(connection->socket, frame);
  if (!written) co_return written;
  for (;;) {
    const auto ignored = co_await read_frame(connection->socket, connection->reader, frame_bytes_max);
    if (!ignored) co_return tl::unexpected(ignored.error());
  }
}

void IncomingConnections::leave(const Key& key, const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(key);
  if (found != open_.end() && found->second == connection) open_.erase(found);
}

}  // namespace gridmail
