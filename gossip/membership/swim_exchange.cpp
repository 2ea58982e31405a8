// The state exchange of Swim: push-pull over the control channel, for what datagrams cannot bring.
#include "gossip/membership/node_record.hpp"
#include "gossip/membership/swim.hpp"
#include "gossip/message_kind.hpp"
#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr std::size_t exchange_bytes_max = std::size_t{4} << 20;
constexpr auto kind = static_cast<std::uint16_t>(MessageKind::membership_state);

}  // namespace

/// Of what is believed of everybody, without figures.
Bytes Swim::digest() const {
  Bytes text;
  for (const auto& [id, status] : roster_.all()) {
    if (!status.heard) continue;
    text += id.view();
    append_be64(text, status.incarnation);
    text += static_cast<char>(status.state);
  }
  return blake2b(text, 16);
}

/// Everything known, and the session our datagrams belong to: for nodes that missed much, or whose clocks
/// went back.
void Swim::exchange_with(NodeId node, bool wants_reply) {
  gossip::StateExchange exchange;
  exchange.set_session(sealer_.session());
  exchange.set_wants_reply(wants_reply);
  for (const auto& [id, status] : roster_.all()) {
    if (status.heard) *exchange.add_nodes() = record_of(status);
  }
  network_.send(node, Channel::control, kind, exchange.SerializeAsString());
}

/// Now and then somebody, dead or alive, is asked whether it believes the same: the answer is everything, and
/// comes only if not. So what an idle grid sends does not grow with it.
void Swim::exchange_at_random() {
  exchange_timer_.set_after(settings_.exchange_period, [this] { exchange_at_random(); });
  auto members = roster_.others(false);
  const auto dead = roster_.others(true);
  members.insert(members.end(), dead.begin(), dead.end());
  if (members.empty()) return;
  gossip::StateExchange question;
  question.set_session(sealer_.session());
  question.set_compares(true);
  question.set_digest(digest());
  *question.add_nodes() = record_of(roster_.self());
  network_.send(members[random_.below(members.size())], Channel::control, kind, question.SerializeAsString());
}

/// At the start: a few are asked for all they know, the others only hear of us and our session.
void Swim::introduce() {
  gossip::StateExchange hello;
  hello.set_session(sealer_.session());
  *hello.add_nodes() = record_of(roster_.self());
  const auto members = roster_.others(false);
  ProbeOrder order;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto node = order.next(members, random_);
    if (i < 3) {
      exchange_with(*node, true);
    } else {
      network_.send(*node, Channel::control, kind, hello.SerializeAsString());
    }
  }
}

void Swim::on_message(NodeId from, const Bytes& payload) {
  gossip::StateExchange exchange;
  if (!running_ || roster_.is_removed(from)) return;
  if (payload.size() > exchange_bytes_max || !exchange.ParseFromString(payload)) {
    return log(Level::warn, "membership.unreadable_exchange", {{"from", from.brief()}});
  }
  sealer_.set_session_of(from, exchange.session());
  for (const auto& record : exchange.nodes()) hear(record);
  const bool differs = exchange.compares() && exchange.digest() != digest();
  if ((exchange.wants_reply() || differs) && is_working()) exchange_with(from, differs);
  publish();
}

}  // namespace gridmail
