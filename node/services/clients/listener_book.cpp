#include "node/services/clients/listener_book.hpp"

#include <vector>

#include "gossip/message_kind.hpp"
#include "node/services/clients/listener_book.pb.h"

namespace gridmail {
namespace {

constexpr int listeners_max = 64;
constexpr std::size_t text_bytes_max = 64;  // a service's name; an IPv6 address

Bytes encode(const ClientListeners& listeners) {
  clients::ListenerMessage message;
  for (const auto& [service, address] : listeners) {
    auto& record = *message.add_listeners();
    record.set_service(service);
    record.set_host(address.host);
    record.set_port(address.port);
  }
  return message.SerializeAsString();
}

ClientListeners decode(const clients::ListenerMessage& message) {
  ClientListeners listeners;
  for (const auto& record : message.listeners()) {
    const bool is_sound = record.service().size() <= text_bytes_max &&
                          record.host().size() <= text_bytes_max && record.port() > 0 &&
                          record.port() <= UINT16_MAX;
    if (is_sound) listeners[record.service()] = {record.host(), static_cast<std::uint16_t>(record.port())};
  }
  return listeners;
}

}  // namespace

void ListenerBook::set_own(ClientListeners own) {
  const std::lock_guard lock(mutex_);
  own_ = std::move(own);
}

void ListenerBook::ask(const MembershipView& nodes) {
  std::vector<NodeId> unknown;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(others_, [&](const auto& entry) { return nodes.count(entry.first) == 0; });
    for (const auto& [node, status] : nodes) {
      if (node == self_ || !status.heard || status.state == Liveness::dead) continue;
      auto& entry = others_[node];
      if (entry.known_life == status.life && status.life != 0) continue;
      entry.asked_life = status.life;
      unknown.push_back(node);
    }
  }
  clients::ListenerMessage question;
  question.set_asks(true);
  const Bytes payload = question.SerializeAsString();
  for (const auto node : unknown) send(node, payload);
}

void ListenerBook::on_message(NodeId from, BytesView payload) {
  clients::ListenerMessage message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return;
  if (message.listeners_size() > listeners_max) return;
  Bytes answer;
  {
    const std::lock_guard lock(mutex_);
    if (!message.asks()) {
      const auto entry = others_.find(from);
      if (entry == others_.end()) return;  // not asked
      entry->second.known_life = entry->second.asked_life;
      entry->second.listeners = decode(message);
      return;
    }
    if (!own_) return;
    answer = encode(*own_);
  }
  send(from, answer);
}

std::optional<HostPort> ListenerBook::find(NodeId node, std::string_view service) const {
  const std::lock_guard lock(mutex_);
  const ClientListeners* listeners = nullptr;
  if (node == self_) {
    if (own_) listeners = &*own_;
  } else if (const auto entry = others_.find(node); entry != others_.end()) {
    listeners = &entry->second.listeners;
  }
  if (listeners == nullptr) return std::nullopt;
  const auto found = listeners->find(service);
  return found == listeners->end() ? std::nullopt : std::optional(found->second);
}

void ListenerBook::send(NodeId to, const Bytes& payload) {
  network_.send(to, Channel::operations, static_cast<std::uint16_t>(MessageKind::listeners), payload);
}

}  // namespace gridmail
