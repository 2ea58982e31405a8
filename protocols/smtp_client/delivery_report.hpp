// Delivery status notifications: what senders are told about their mail (RFC 3464, RFC 6522).
#pragma once
#include <string>
#include <vector>

#include "node/base/bytes.hpp"
#include "node/base/clock.hpp"

namespace gridmail::smtp {

struct DeliveryReport {
  /// RFC 3464, section 2.3.3; "relayed" where the next system tells no more.
  enum class Action : std::uint8_t { failed, delayed, relayed, delivered };
  struct Recipient {
    std::string address;
    std::string original;  ///< ORCPT's value: an address type, ";" and xtext; may be empty
    std::string status;
    std::string reply;  ///< the remote's, or what happened here
    std::string host;   ///< who replied; empty: this node
  };

  Action action = Action::failed;
  std::string hostname;     ///< of the node that reports
  std::string sender;       ///< of the message: who is told
  std::string id;           ///< names the report: hex, not to be guessed
  std::string envelope_id;  ///< ENVID's value, xtext; may be empty
  WallMicros at = 0;
  WallMicros arrived = 0;      ///< the message
  WallMicros retry_until = 0;  ///< delayed
  std::vector<Recipient> recipients;
  BytesView original;  ///< the message, or its header section; outlives the call
  bool whole = false;  ///< it is the message
  bool utf8 = false;   ///< it came with SMTPUTF8: its sender can be addressed in UTF-8 (RFC 6533)
};

/// A whole message with CRLF lines. Whatever the values hold, nothing in them starts a line or ends a part.
[[nodiscard]] std::string format_delivery_report(const DeliveryReport& report);

}  // namespace gridmail::smtp
