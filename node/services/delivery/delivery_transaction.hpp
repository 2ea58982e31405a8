// What GridDelivery knows of one message: its own parts include it, nobody else.
#pragma once
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "node/services/delivery/grid_delivery.hpp"

namespace gridmail {

/// Shorter messages cost less to look through than to hand to another thread.
inline constexpr std::uint64_t looked_through_here_bytes_max = 128 * 1024;

/// One accepted message on its way; shared by the lanes that deliver it.
struct GridDelivery::Transaction {
  std::unique_ptr<ports::Spool> spool;          ///< holds the body
  std::unique_ptr<const MemoryBody> reencoded;  ///< or this does
  const MessageBody* body = nullptr;
  bool is_expanded = false;     ///< to others than those who were named
  std::set<std::string> taken;  ///< users' ids, and addresses elsewhere, of the recipients
  queue::Message message;
  trace::Event received;  ///< not noted yet: where it is queued, that is noted with it
  std::vector<queue::Recipient> recipients;
  /// Of those who were named, by their places: who has had it before, and gets nothing.
  std::map<std::size_t, queue::Recipient> looping;
  std::vector<Result<void>> outcomes;  ///< by recipient
  std::vector<char> missed;            ///< by recipient: the slot was unavailable

  /// Whether any recipient is elsewhere.
  [[nodiscard]] bool leaves() const {
    return std::any_of(recipients.begin(), recipients.end(), [](const auto& recipient) {
      return recipient.user().empty() && !recipient.has_outcome();
    });
  }
};

}  // namespace gridmail
