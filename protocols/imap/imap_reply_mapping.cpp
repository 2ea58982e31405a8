#include "protocols/imap/imap_reply_mapping.hpp"

#include <utility>

namespace gridmail::imap {

Reply ok(std::string text, std::string code) {
  return {Reply::Status::ok, std::move(code), std::move(text)};
}
Reply no(std::string text, std::string code) {
  return {Reply::Status::no, std::move(code), std::move(text)};
}
Reply bad(std::string text, std::string code) {
  return {Reply::Status::bad, std::move(code), std::move(text)};
}

Reply reply_for(const Error& error) {
  switch (error.code) {
    case Errc::unavailable:
    case Errc::timed_out:
    case Errc::not_primary:
    case Errc::io:
    case Errc::cancelled:
      return no("Mailbox storage is not available now, try again", "UNAVAILABLE");
    case Errc::busy:
      return no("Server is busy, try again", "UNAVAILABLE");
    case Errc::no_space:
      return no("Storage is full, only deletions are possible", "OVERQUOTA");
    case Errc::conflict:
      return no("Messages were changed by another session, try again", "INUSE");
    case Errc::not_found:
      if (error.text == "TRYCREATE") return no("Target mailbox does not exist", "TRYCREATE");
      return no("Mailbox does not exist", "NONEXISTENT");
    case Errc::already_exists:
      return no("Mailbox exists already", "ALREADYEXISTS");
    case Errc::invalid:
      return no(error.text.empty() ? "Request is not possible" : error.text, "CANNOT");
    case Errc::too_large:
      return no("Limit reached: " + error.text, "LIMIT");  // RFC 5530: keywords, mailboxes, subscriptions
    case Errc::denied:
      return no("Permission denied", "NOPERM");
    case Errc::corrupted:
      return no("Stored data is damaged", "CORRUPTION");
    case Errc::unsupported:
      return no("Not supported here", "CANNOT");
  }
  return no("Internal error", "SERVERBUG");
}

Reply login_reply_for(const Error& error) {
  if (error.temporary()) return no("Log-in is not possible now, try again", "UNAVAILABLE");
  return no("Wrong user name or password", "AUTHENTICATIONFAILED");
}

std::string_view name_of(Reply::Status status) {
  switch (status) {
    case Reply::Status::ok:
      return "OK";
    case Reply::Status::no:
      return "NO";
    case Reply::Status::bad:
      break;
  }
  return "BAD";
}

}  // namespace gridmail::imap
