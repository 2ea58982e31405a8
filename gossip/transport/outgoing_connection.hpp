// OutgoingConnection: this node's messages to one peer on one channel.
#pragma once
#include <asio/any_io_executor.hpp>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gossip/transport/peer_socket.hpp"
#include "node/base/clock.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {

/// Dials when there is something to send, keeps the connection, and dials again after it broke. Messages wait
/// in a queue of limited bytes and age; what has been handed to a connection that breaks is lost, as the
/// Network port says. run() lives on the strand given; send(), redial_soon(), set_addresses() and close() may
/// be called from any thread.
class OutgoingConnection : public std::enable_shared_from_this<OutgoingConnection> {
 public:
  struct Settings {
    std::size_t queue_bytes_max = std::size_t{32} << 20;
    Duration message_age_max = std::chrono::seconds(2);
    Duration dial_max = std::chrono::seconds(2);
    Duration backoff_min = std::chrono::milliseconds(50);
    Duration backoff_max = std::chrono::seconds(1);
  };

  /// `hello` is the first frame's bytes; `removed` is called on the strand, perhaps more than once, when the
  /// peer says that this node is no member any more. The clock outlives the connection's task.
  OutgoingConnection(asio::any_io_executor strand, Clock& clock, TlsContext context, NodeId peer,
                     std::vector<std::string> addresses, Bytes hello, std::function<void()> removed,
                     Settings settings);

  /// The connection's task, to be spawned once on the strand; ends by close() or cancellation.
  [[nodiscard]] Task<void> run();

  void send(std::uint16_t kind, Bytes payload);
  /// The peer has shown that it is up: no further waiting before the next dial.
  void redial_soon();
  void set_addresses(std::vector<std::string> addresses);
  /// Drops everything and ends the task; what is on its way to the kernel stops there.
  void close();

 private:
  struct Queued {
    std::uint16_t kind;
    Bytes payload;
    TimePoint since;
  };
  [[nodiscard]] Task<void> wait_for_messages();
  [[nodiscard]] Task<void> wait_for_redial(Duration backoff);
  [[nodiscard]] Task<Result<PeerSocket>> connect();
  [[nodiscard]] Task<void> use(PeerSocket socket);
  [[nodiscard]] Task<void> write_queue(PeerSocket socket);
  [[nodiscard]] Task<void> watch_for_end(PeerSocket socket);
  [[nodiscard]] bool collect(Bytes& frames);
  [[nodiscard]] bool drop_old();
  void drop_old_locked(TimePoint now);
  void wake();

  const asio::any_io_executor strand_;
  Clock& clock_;
  const TlsContext context_;
  const NodeId peer_;
  const Bytes hello_;
  const std::function<void()> removed_;
  const Settings settings_;
  const std::shared_ptr<Event> woken_;
  std::atomic<bool> closed_{false};
  std::atomic<bool> redial_{false};
  PeerSocket socket_;  // while one is up; on the strand

  std::mutex mutex_;
  std::vector<std::string> addresses_;  // guarded by mutex_
  std::deque<Queued> queue_;            // guarded by mutex_
  std::size_t queue_bytes_ = 0;         // guarded by mutex_
};

}  // namespace gridmail
