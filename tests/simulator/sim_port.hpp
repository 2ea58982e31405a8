// One simulated node's Network port: what arrives waits in the node's own context, as in a socket's buffer,
// so that a node which is stopped hears nothing until it goes on.
#pragma once
#include <asio/post.hpp>
#include <memory>
#include <utility>

#include "node/base/network.hpp"
#include "tests/simulator/sim_context.hpp"

namespace gridmail::sim {

/// Changes messages on purpose.
using Tamper = std::function<void(std::uint16_t kind, Bytes& payload)>;

class SimPort final : public Network {
 public:
  /// `awake` is set whenever something arrives.
  SimPort(SimContext& context, std::unique_ptr<Network> wire, bool& awake, const Tamper& tamper)
      : context_(context), wire_(std::move(wire)), awake_(awake), tamper_(tamper) {}

  void send(NodeId to, Channel channel, std::uint16_t kind, Bytes payload) override {
    if (tamper_) tamper_(kind, payload);
    if (!cut_) wire_->send(to, channel, kind, std::move(payload));
  }
  void send_datagram(const std::string& address, Bytes payload) override {
    if (!cut_) wire_->send_datagram(address, std::move(payload));
  }
  void on_message(OnMessage handler) override {
    wire_->on_message([this, handler = std::move(handler)](NodeId from, std::uint16_t kind, Bytes payload) {
      awake_ = true;
      asio::post(context_,
                 [handler, from, kind, payload = std::move(payload)] { handler(from, kind, payload); });
    });
  }
  void on_datagram(OnDatagram handler) override {
    wire_->on_datagram([this, handler = std::move(handler)](std::string from, Bytes payload) {
      awake_ = true;
      asio::post(context_,
                 [handler, from = std::move(from), payload = std::move(payload)] { handler(from, payload); });
    });
  }

  /// The node has crashed in the middle of a step: nothing of the rest of it is heard.
  void cut() { cut_ = true; }

 private:
  SimContext& context_;
  std::unique_ptr<Network> wire_;
  bool& awake_;
  const Tamper& tamper_;
  bool cut_ = false;
};

}  // namespace gridmail::sim
