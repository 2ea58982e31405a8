// The Delivery port: what SMTP, submission and LMTP hand a message to. It returns when the message is on
// stable storage as the design's promises say, or with an error when nothing of it is promised.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocols/ports/directory.hpp"
#include "protocols/ports/mailboxes.hpp"

namespace gridmail::ports {

/// NOTIFY (RFC 3461, section 4.1): a set of these; 0 where nothing was said.
struct Notify {
  static constexpr std::uint8_t never = 1, success = 2, failure = 4, delay = 8;
};

/// RET (RFC 3461, section 4.3).
enum class Returned : std::uint8_t { unsaid, headers, full };

/// What the sender wants of TLS on the way to others (RFC 8689); the numbers are queue.proto's.
enum class TlsWish : std::uint8_t {
  unsaid,
  required,  ///< REQUIRETLS: verified, and with servers that ask the same of the next; or not at all
  optional,  ///< the field TLS-Required: No: rather in the clear than not at all
};

struct Recipient {
  UserId user;           ///< nil: somebody elsewhere
  std::string address;   ///< as resolved; elsewhere: as given, with the domain in lower-case A-labels
  std::string as_given;  ///< as in RCPT TO
  std::uint8_t notify = 0;
  std::string original;  ///< ORCPT as it came (RFC 3461, section 4.2); may be empty
  bool expands = false;  ///< to others: a list, or a user who forwards

  [[nodiscard]] bool is_elsewhere() const { return user.is_nil(); }
};

struct Incoming {
  std::string sender;  ///< MAIL FROM without brackets; empty for <>
  std::vector<Recipient> recipients;
  std::string trace_header;  ///< the Received field, folded, with CRLF; Return-Path is added behind this port
  std::unique_ptr<Spool> message;  ///< as received, dot-stuffing undone, CRLF lines
  Returned returned = Returned::unsaid;
  std::string envelope_id;  ///< ENVID as it came (RFC 3461, section 4.4); may be empty
  std::string id;           ///< of the Received field; may be empty
  std::string connection;   ///< that it came by, as the log names it; may be empty
  bool utf8 = false;        ///< sent with SMTPUTF8 (RFC 6531)
  bool submitted = false;   ///< by a user who has logged in: signed where it leaves the grid
  TlsWish tls = TlsWish::unsaid;
  bool long_lines = false;  ///< of more than 998 octets
  bool bare_cr = false;     ///< a CR that is not part of CRLF, which others may take for the end of a line
  bool binary = false;      ///< sent with BODY=BINARYMIME (RFC 3030): any octets, lines or not
};

class Delivery {
 public:
  virtual ~Delivery() = default;
  /// For new messages. Bytes in flight count against the node's budget.
  [[nodiscard]] virtual std::unique_ptr<Spool> begin_message() = 0;
  /// SMTP: all or nothing. Success: every recipient has it, or it is in the intake or the queue. Errors: all
  /// temporary, or invalid / too_large when the message itself is refused, or denied: a mail loop.
  [[nodiscard]] virtual Task<Result<void>> deliver(Incoming message) = 0;
  /// LMTP: one result per recipient, in order.
  [[nodiscard]] virtual Task<std::vector<Result<void>>> deliver_each(Incoming message) = 0;
  /// RFC 1870; also IMAP's literal limit.
  [[nodiscard]] virtual std::uint64_t message_bytes_max() const = 0;
};

}  // namespace gridmail::ports
