// The Network port: messages between nodes. Production binds it to pinned TLS 1.3 connections and sealed
// datagrams (gossip/transport), the simulator to a network that drops, delays, reorders, duplicates and
// partitions.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "node/base/bytes.hpp"
#include "node/base/ids.hpp"

namespace gridmail {

/// Each pair of nodes has one connection per channel, so that bulk never delays a lease.
enum class Channel : std::uint8_t {
  control,     ///< leases, register, membership state exchange
  operations,  ///< slot operations, requests of fronts and their answers
  bulk,        ///< filling of joining copies, large reads
};
inline constexpr std::size_t channel_count = 3;

/// Unreliable: a message may be lost (the connection broke), and after a reconnect an older one may arrive
/// later. Between two nodes and on one channel order is otherwise kept; the simulator does not keep it.
class Network {
 public:
  virtual ~Network() = default;
  /// Never blocks; what cannot be sent is dropped. Sending to oneself is delivered too. `kind` tells the
  /// receiver which part of the program the payload is for (gossip/message_kind.hpp).
  virtual void send(NodeId to, Channel channel, std::uint16_t kind, Bytes payload) = 0;
  /// Small and best-effort: SWIM probes. At most 1,200 bytes.
  virtual void send_datagram(const std::string& address, Bytes payload) = 0;

  using OnMessage = std::function<void(NodeId from, std::uint16_t kind, Bytes payload)>;
  using OnDatagram = std::function<void(std::string address, Bytes payload)>;
  /// Set once, before the first message; called from any thread.
  virtual void on_message(OnMessage handler) = 0;
  virtual void on_datagram(OnDatagram handler) = 0;
};

}  // namespace gridmail
