#include "node/runtime/tcp_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <mutex>

#include "node/base/log.hpp"
#include "node/runtime/connection_name.hpp"
#include "node/runtime/proxy_header.hpp"
#include "node/runtime/socket_stream.hpp"
#include "node/runtime/tcp_listener.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {
namespace {

using asio::ip::tcp;
constexpr auto handshake_max = std::chrono::seconds(30);
constexpr auto proxy_header_max = std::chrono::seconds(5);
constexpr auto pause_after_accept_error = std::chrono::milliseconds(100);

}  // namespace

struct TcpServer::Port {
  Port(Listener l, Serve s) : listener(std::move(l)), serve(std::move(s)) { begin_group(); }

  void spawn(asio::any_io_executor executor, Task<void> session) {
    const std::lock_guard lock(mutex);
    groups.back()->spawn(std::move(executor), listener.name, std::move(session));
  }
  /// Those that come from here on are no part of it.
  void cancel_present() {
    const std::lock_guard lock(mutex);
    std::erase_if(groups, [this](const auto& group) { return group != groups.back() && group->size() == 0; });
    groups.back()->cancel();
    begin_group();
  }
  void cancel() {
    const std::lock_guard lock(mutex);
    for (const auto& group : groups) group->cancel();
  }
  [[nodiscard]] std::vector<std::shared_ptr<TaskGroup>> all() {
    const std::lock_guard lock(mutex);
    return groups;
  }

  const Listener listener;
  const Serve serve;
  std::atomic<std::size_t> connections{0};

 private:
  void begin_group() { groups.push_back(std::make_shared<TaskGroup>("tcp_sessions")); }

  std::mutex mutex;
  std::vector<std::shared_ptr<TaskGroup>> groups;  ///< the last one takes new sessions, the others are ending
};

TcpServer::TcpServer(asio::io_context& context, Clock& clock, const ServerTls* tls)
    : context_(context), clock_(clock), tls_(tls) {}

TcpServer::~TcpServer() = default;

Result<std::uint16_t> TcpServer::listen(Listener listener, Serve serve) {
  if (listener.implicit_tls && tls_ == nullptr) {
    return fail(Errc::invalid, fmt::format("{} needs TLS, and there is no certificate", listener.name));
  }
  const asio::any_io_executor strand = asio::make_strand(context_);
  auto acceptor = listen_on(strand, listener.name, listener.address, listener.port);
  if (!acceptor) return tl::unexpected(acceptor.error());
  const auto number = acceptor->local_endpoint().port();
  const auto port = std::make_shared<Port>(std::move(listener), std::move(serve));
  ports_.push_back(port);
  accepting_.spawn(strand, port->listener.name, accept_loop(port, std::move(*acceptor)));
  return number;
}

std::map<std::string, std::size_t> TcpServer::connections_by_listener() const {
  std::map<std::string, std::size_t> connections;
  for (const auto& port : ports_) connections[port->listener.name] += port->connections;
  return connections;
}

void TcpServer::stop_accepting() {
  accepting_.cancel();
}

void TcpServer::end_sessions(std::string_view listener) {
  for (const auto& port : ports_) {
    if (port->listener.name == listener) port->cancel_present();
  }
}

std::size_t TcpServer::connections() const {
  std::size_t connections = 0;
  for (const auto& port : ports_) {
    for (const auto& group : port->all()) connections += group->size();
  }
  return connections;
}

Task<bool> TcpServer::join_sessions() {
  for (const auto& port : ports_) {
    const auto groups = port->all();
    for (const auto& group : groups) co_await group->join();
  }
  co_return true;
}

/// A group that begins meanwhile has nobody in it: nothing is accepted any more.
Task<void> TcpServer::drain(TimePoint deadline) {
  stop_accepting();
  co_await accepting_.join();
  co_await before(clock_, deadline, join_sessions());
  for (const auto& port : ports_) port->cancel();
  co_await join_sessions();
}

Task<void> TcpServer::accept_loop(std::shared_ptr<Port> port, tcp::acceptor acceptor) {
  while (true) {
    const asio::any_io_executor strand = asio::make_strand(context_);
    std::error_code error;
    auto socket = co_await acceptor.async_accept(strand, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {  // out of descriptors, mostly: sessions that end will give some back
      log(Level::warn, "tcp.accept_failed", {{"listener", port->listener.name}, {"error", error.message()}});
      co_await sleep_for(clock_, pause_after_accept_error);
      continue;
    }
    admit(port, std::move(socket));
  }
}

void TcpServer::admit(const std::shared_ptr<Port>& port, tcp::socket socket) {
  if (port->connections >= port->listener.connections_max) {
    std::error_code ignored;
    socket.non_blocking(true, ignored);
    if (!port->listener.implicit_tls) socket.write_some(asio::buffer(port->listener.refusal), ignored);
    log(Level::info, "tcp.limit_reached",
        {{"listener", port->listener.name}, {"connections", port->connections.load()}});
    return;
  }
  ++port->connections;
  std::shared_ptr<void> seat(nullptr, [port](void*) { --port->connections; });
  const auto executor = socket.get_executor();
  port->spawn(executor, run_session(port, std::move(seat), std::move(socket)));
}

/// `seat` counts the connection for as long as the task exists, also when it never runs.
Task<void> TcpServer::run_session(std::shared_ptr<Port> port, [[maybe_unused]] std::shared_ptr<void> seat,
                                  tcp::socket socket) {
  auto stream = std::make_unique<SocketStream>(std::move(socket), clock_, tls_);
  const auto name = draw_connection_name(clock_);
  stream->name_connection(name);
  std::shared_ptr<void> seat_of_address;
  try {
    const bool known = co_await learn_peer(*port, *stream);
    if (!known) co_return;
    if (!is_welcome(*port, *stream, seat_of_address)) {
      log(Level::info, "tcp.address_limit_reached",
          {{"connection", stream->connection()},
           {"listener", port->listener.name},
           {"peer", stream->peer_address()}});
      stream->expires_at(clock_.now() + proxy_header_max);
      if (!port->listener.implicit_tls && !port->listener.refusal.empty()) {
        co_await stream->write(port->listener.refusal);
      }
      co_return;
    }
    if (port->listener.implicit_tls) {
      stream->expires_at(clock_.now() + handshake_max);
      co_await stream->start_tls();
      stream->expires_at(TimePoint::never());
    }
    log(Level::debug, "tcp.connected",
        {{"connection", name}, {"listener", port->listener.name}, {"peer", stream->peer_address()}});
    co_await port->serve(std::move(stream));
  } catch (const asio::system_error& error) {
    log(Level::debug, "tcp.session_ended",
        {{"connection", name}, {"listener", port->listener.name}, {"error", error.what()}});
  }
}

bool TcpServer::is_welcome(const Port& port, const SocketStream& stream, std::shared_ptr<void>& seat) {
  if (stream.peer_is_loopback()) return true;
  const auto peer = stream.peer_address();
  if (const auto most = port.listener.connections_per_address_max; most != 0) {
    seat = seats_.take(peer, most);
    if (!seat) return false;
  }
  return !port.listener.may_connect || port.listener.may_connect(peer);
}

Task<bool> TcpServer::learn_peer(const Port& port, SocketStream& stream) {
  const auto from = stream.peer_address();
  const auto is_in = [&from](const std::vector<IpNetwork>& networks) {
    return std::any_of(networks.begin(), networks.end(),
                       [&](const IpNetwork& network) { return network.contains(from); });
  };
  if (!is_in(port.listener.proxies)) co_return true;
  stream.expires_at(clock_.now() + proxy_header_max);
  auto header = co_await read_proxy_header(stream);
  stream.expires_at(TimePoint::never());
  if (!header) {
    log(Level::warn, "tcp.no_proxy_header",
        {{"connection", stream.connection()},
         {"listener", port.listener.name},
         {"proxy", from},
         {"error", header.error().text}});
    co_return false;
  }
  if (header->client) {
    stream.speak_for(*header->client, is_in(port.listener.tls_enders) ? SocketStream::TlsEnds::before
                                                                      : SocketStream::TlsEnds::here);
  }
  co_return true;
}

}  // namespace gridmail
