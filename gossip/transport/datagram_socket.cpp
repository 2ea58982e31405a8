#include "gossip/transport/datagram_socket.hpp"

#include <fmt/format.h>

#include <array>
#include <asio/ip/v6_only.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

#include "gossip/transport/peer_address.hpp"
#include "node/base/log.hpp"

namespace gridmail {
namespace {
using asio::ip::udp;
constexpr auto remember = std::chrono::seconds(30);
constexpr std::size_t names_max = 4096;
constexpr std::size_t datagram_bytes_max = 2048;
}  // namespace

DatagramSocket::DatagramSocket(asio::io_context& context, Clock& clock, TaskGroup& tasks)
    : strand_(asio::make_strand(context)), clock_(clock), tasks_(tasks), socket_(strand_) {}

Result<void> DatagramSocket::bind(const asio::ip::address& address, std::uint16_t port) {
  std::error_code error;
  const udp::endpoint endpoint(address, port);
  socket_.open(endpoint.protocol(), error);
  if (!error && address.is_v6()) socket_.set_option(asio::ip::v6_only(!address.is_unspecified()), error);
  if (!error) socket_.bind(endpoint, error);
  if (!error) socket_.non_blocking(true, error);
  if (!error) return {};
  const bool may_pass = error == asio::error::address_in_use || error.value() == EADDRNOTAVAIL;
  return fail(may_pass ? Errc::busy : Errc::invalid,
              fmt::format("cannot listen for datagrams on {}: {}", host_port_of(address, port).text(),
                          error.message()));
}

Task<void> DatagramSocket::receive(Handler handler) {
  const auto self = shared_from_this();
  std::array<char, datagram_bytes_max> buffer;
  while (socket_.is_open()) {
    udp::endpoint from;
    std::error_code error;
    const auto size = co_await socket_.async_receive_from(asio::buffer(buffer), from,
                                                          asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) continue;  // an ICMP answer to something sent before
    handler(host_port_of(from.address(), from.port()).text(), Bytes(buffer.data(), size));
  }
}

void DatagramSocket::send(std::string address, Bytes payload) {
  asio::post(strand_, [self = shared_from_this(), address = std::move(address),
                       payload = std::move(payload)] { self->send_on_strand(address, payload); });
}

void DatagramSocket::close() {
  asio::post(strand_, [self = shared_from_this()] {
    std::error_code ignored;
    self->socket_.close(ignored);
  });
}

void DatagramSocket::send_on_strand(const std::string& address, const Bytes& payload) {
  const auto now = clock_.now();
  const auto found = known_.find(address);
  if (found != known_.end() && found->second.pending) return;
  if (found != known_.end() && found->second.until > now) return send_to(found->second.endpoint, payload);

  const auto parsed = HostPort::parse(address);
  if (!parsed) return;
  std::error_code error;
  const auto ip = asio::ip::make_address(parsed->host, error);
  if (!error) return send_to({ip, parsed->port}, payload);
  if (known_.size() >= names_max) known_.clear();
  known_[address].pending = true;
  tasks_.spawn(strand_, "look_up", look_up(address, payload));
}

Task<void> DatagramSocket::look_up(std::string address, Bytes payload) {
  const auto self = shared_from_this();
  const auto parsed = HostPort::parse(address);
  udp::resolver resolver(strand_);
  std::error_code error;
  const auto found = co_await resolver.async_resolve(parsed->host, std::to_string(parsed->port),
                                                     asio::redirect_error(asio::use_awaitable, error));
  if (error || found.empty()) {
    known_.erase(address);
    co_return;
  }
  const auto endpoint = found.begin()->endpoint();
  known_[address] = Known{endpoint, clock_.now() + remember, false};
  send_to(endpoint, payload);
}

void DatagramSocket::send_to(const udp::endpoint& to, const Bytes& payload) {
  std::error_code ignored;
  auto target = to;
  const bool is_v6_socket = socket_.is_open() && socket_.local_endpoint(ignored).protocol() == udp::v6();
  if (is_v6_socket && to.address().is_v4()) {
    target.address(asio::ip::make_address_v6(asio::ip::v4_mapped, to.address().to_v4()));
  }
  socket_.send_to(asio::buffer(payload), target, 0, ignored);
}

}  // namespace gridmail
