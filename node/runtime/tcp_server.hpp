// TcpServer: listeners, and a task on a strand of its own for each client that connects.
#pragma once
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/ip_network.hpp"
#include "node/base/result.hpp"
#include "node/runtime/address_seats.hpp"
#include "node/runtime/server_tls.hpp"
#include "node/runtime/stream.hpp"
#include "node/runtime/task_group.hpp"

namespace gridmail {

struct Listener {
  std::string name{};          ///< for logs: "smtp", "imaps"
  std::string address = "::";  ///< an IP address; "::" takes IPv4 as well
  std::uint16_t port = 0;      ///< 0: any free one
  bool implicit_tls = false;   ///< RFC 8314, 3: the handshake comes first
  std::size_t connections_max = 10'000;
  std::string refusal{};  ///< sent, in the clear, to whom a limit turns away: "421 4.3.2 …\r\n"
  std::size_t connections_per_address_max = 0;  ///< over all listeners; 0: no limit. This machine has none
  /// Asked with each client's address, also after the limits above. May be empty.
  std::function<bool(const std::string& peer)> may_connect{};
  /// Who connects from these begins with a PROXY header, and the client it names is the peer.
  std::vector<IpNetwork> proxies{};
  /// Those of them that have ended the client's TLS and reach this node over a network of its own: what they
  /// connect for counts as secure.
  std::vector<IpNetwork> tls_enders{};
};

class SocketStream;

/// Thread-safe but for construction and destruction. Lifecycle: listen()… → drain() → destruction.
class TcpServer {
 public:
  /// Serves one client until it returns or throws; asio::system_error is a normal end (the client left).
  using Serve = std::function<Task<void>(std::unique_ptr<Stream>)>;

  /// `tls` may be null: no STARTTLS, no implicit TLS. All three outlive the server.
  TcpServer(asio::io_context& context, Clock& clock, const ServerTls* tls);
  ~TcpServer();

  /// Begins to accept; gives the port. Errors, with the address in the text: busy (in use), denied (a port
  /// below 1024 without the right to it), invalid.
  [[nodiscard]] Result<std::uint16_t> listen(Listener listener, Serve serve);

  /// Cancels the sessions of the listener of that name that are there; it goes on listening.
  void end_sessions(std::string_view listener);
  /// Closes the listeners; sessions go on.
  void stop_accepting();
  /// stop_accepting(), waits for the sessions to end by themselves until `deadline`, then cancels and joins
  /// them.
  [[nodiscard]] Task<void> drain(TimePoint deadline);

  [[nodiscard]] std::size_t connections() const;
  /// By name of the listener. After the last listen().
  [[nodiscard]] std::map<std::string, std::size_t> connections_by_listener() const;

 private:
  struct Port;
  [[nodiscard]] Task<bool> join_sessions();
  [[nodiscard]] Task<void> accept_loop(std::shared_ptr<Port> port, asio::ip::tcp::acceptor acceptor);
  void admit(const std::shared_ptr<Port>& port, asio::ip::tcp::socket socket);
  [[nodiscard]] Task<void> run_session(std::shared_ptr<Port> port, std::shared_ptr<void> seat,
                                       asio::ip::tcp::socket socket);
  /// Whether its limits let the client in; `seat` is then held as long as the connection is.
  [[nodiscard]] bool is_welcome(const Port& port, const SocketStream& stream, std::shared_ptr<void>& seat);
  /// Reads the PROXY header where there is one. False: the connection ends.
  [[nodiscard]] Task<bool> learn_peer(const Port& port, SocketStream& stream);

  asio::io_context& context_;
  Clock& clock_;
  const ServerTls* const tls_;
  AddressSeats seats_;
  std::vector<std::shared_ptr<Port>> ports_;
  TaskGroup accepting_{"tcp_accept"};
};

}  // namespace gridmail
