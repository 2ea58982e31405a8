#include "protocols/smtp/reply_mapping.hpp"

namespace gridmail::smtp {

Reply recipient_refused(const Error& error) {
  if (error.temporary()) return {451, "4.3.0", "cannot tell now whether this user exists, try again later"};
  if (error.code == Errc::not_found && error.text == "relay")
    return {550, "5.7.1", "relay access denied: this domain is not served here"};
  if (error.code == Errc::not_found) return {550, "5.1.1", "no such user here"};
  if (error.code == Errc::invalid) return {553, "5.1.3", "not a valid address"};
  return {550, "5.7.1", "recipient refused"};
}

Reply sender_not_checked(const Error& error) {
  if (error.temporary()) return {451, "4.3.0", "cannot check the sender's address now, try again later"};
  return {550, "5.7.1", "sender's address refused"};
}

Reply login_refused(const Error& error) {
  switch (error.code) {
    case Errc::cancelled:
      return {501, "5.7.0", "authentication cancelled"};  // RFC 4954, section 4: the client sent "*"
    case Errc::invalid:
      return {501, "5.5.2", "malformed authentication response"};
    case Errc::too_large:
      return {500, "5.5.6", "authentication response is too long"};  // RFC 4954, section 4
    default:
      break;
  }
  if (error.temporary()) return {454, "4.7.0", "cannot check passwords now, try again later"};
  return {535, "5.7.8", "wrong user name or password"};
}

Reply message_refused(const Error& error) {
  if (error.code == Errc::no_space) return {452, "4.3.1", "no space left, try again later"};
  if (error.temporary()) return {451, "4.3.0", "message not taken now, try again later"};
  if (error.code == Errc::too_large)
    return {552, "5.3.4", "message is too large" + (error.text.empty() ? "" : ": " + error.text)};
  if (error.code == Errc::denied)
    return {554, "5.4.6", "mail loop: this address has had the message already"};
  return {554, "5.6.0", "message refused"};
}

}  // namespace gridmail::smtp
