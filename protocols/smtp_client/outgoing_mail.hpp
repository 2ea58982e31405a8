// One message for some recipients at another server, and what became of it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "node/base/bytes.hpp"

namespace gridmail::smtp {

struct OutgoingRecipient {
  std::string address;
  std::string original;  ///< ORCPT's value (RFC 3461, section 4.2); may be empty
  std::string notify;    ///< NOTIFY's value; may be empty
};

/// The views outlive the transfer.
struct OutgoingMail {
  std::string sender;  ///< empty for <>
  std::vector<OutgoingRecipient> recipients;
  BytesView trace;           ///< header fields of ours in front of the message
  BytesView body;            ///< the message with CRLF lines
  std::string returned;      ///< RET's value; may be empty
  std::string envelope_id;   ///< ENVID's value; may be empty
  bool utf8 = false;         ///< it came with SMTPUTF8 (RFC 6531)
  bool require_tls = false;  ///< REQUIRETLS (RFC 8689)

  [[nodiscard]] std::uint64_t size() const { return trace.size() + body.size(); }
};

/// What became of one recipient.
struct Verdict {
  enum class Kind : std::uint8_t { accepted, deferred, refused };
  Kind kind = Kind::deferred;
  std::string status;    ///< RFC 3463
  std::string text;      ///< the server's reply, or what went wrong here
  bool replied = false;  ///< it is the server's
};

}  // namespace gridmail::smtp
