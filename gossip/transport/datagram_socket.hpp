// DatagramSocket: small best-effort messages over UDP. What is in them is sealed by membership, not here.
#pragma once
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "node/base/clock.hpp"
#include "node/base/store.hpp"
#include "node/runtime/task_group.hpp"

namespace gridmail {

/// One socket on one strand. send() may be called from any thread; receive() is a task of the owner's group.
class DatagramSocket : public std::enable_shared_from_this<DatagramSocket> {
 public:
  using Handler = std::function<void(std::string address, Bytes payload)>;

  /// `tasks` holds name look-ups; it and the clock outlive the socket's tasks.
  DatagramSocket(asio::io_context& context, Clock& clock, TaskGroup& tasks);
  /// Errors: as for TCP listeners.
  [[nodiscard]] Result<void> bind(const asio::ip::address& address, std::uint16_t port);

  [[nodiscard]] const asio::any_io_executor& strand() const { return strand_; }
  [[nodiscard]] Task<void> receive(Handler handler);
  /// Drops what the kernel does not take at once. Names are looked up and remembered for a while.
  void send(std::string address, Bytes payload);
  void close();

 private:
  struct Known {
    asio::ip::udp::endpoint endpoint;
    TimePoint until;
    bool pending = false;
  };
  void send_on_strand(const std::string& address, const Bytes& payload);
  void send_to(const asio::ip::udp::endpoint& to, const Bytes& payload);
  [[nodiscard]] Task<void> look_up(std::string address, Bytes payload);

  const asio::any_io_executor strand_;
  Clock& clock_;
  TaskGroup& tasks_;
  asio::ip::udp::socket socket_;
  std::map<std::string, Known> known_;  // on the strand
};

}  // namespace gridmail
