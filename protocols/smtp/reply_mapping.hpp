// The one place where errors of the ports become SMTP replies.
#pragma once
#include "node/base/result.hpp"
#include "protocols/smtp/reply.hpp"

namespace gridmail::smtp {

/// Directory::resolve refused the address of a RCPT.
[[nodiscard]] Reply recipient_refused(const Error& error);
/// Directory::may_send_as could not tell.
[[nodiscard]] Reply sender_not_checked(const Error& error);
/// Directory::authenticate or the SASL exchange refused.
[[nodiscard]] Reply login_refused(const Error& error);
/// The spool or the Delivery port did not take the message.
[[nodiscard]] Reply message_refused(const Error& error);

}  // namespace gridmail::smtp
