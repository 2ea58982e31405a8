// MAIL and RCPT as a client says them (RFC 5321, sections 4.1.1.2 and 4.1.1.3).
#pragma once
#include <string>

#include "protocols/smtp_client/extensions.hpp"
#include "protocols/smtp_client/outgoing_mail.hpp"

namespace gridmail::smtp {

/// Whether nothing in the envelope could be taken for more than it is: printable ASCII only, UTF-8 too where
/// the mail came with it, and no brackets or blanks but within quotes. Everything that gets here was parsed;
/// this is the last look.
[[nodiscard]] bool is_safe_envelope(const OutgoingMail& mail);

/// What of BODY and SMTPUTF8 the transaction needs.
struct Needs {
  bool eight_bit = false;
  bool utf8 = false;
};

/// With CRLF, and the parameters that the server knows.
[[nodiscard]] std::string mail_command(const OutgoingMail& mail, const Extensions& extensions, Needs needs);
[[nodiscard]] std::string rcpt_command(const OutgoingRecipient& recipient, const Extensions& extensions);

}  // namespace gridmail::smtp
