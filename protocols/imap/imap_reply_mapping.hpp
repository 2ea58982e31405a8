// From errors to IMAP's tagged responses and response codes (RFC 3501, section 7.1; RFC 5530).
#pragma once
#include <string>

#include "node/base/result.hpp"

namespace gridmail::imap {

/// How a command ends: "tag OK [code] text". The code comes without brackets; empty: none.
struct Reply {
  enum class Status : std::uint8_t { ok, no, bad } status = Status::ok;
  std::string code;
  std::string text;
};

[[nodiscard]] Reply ok(std::string text, std::string code = {});
[[nodiscard]] Reply no(std::string text, std::string code = {});
[[nodiscard]] Reply bad(std::string text, std::string code = {});

/// Any error of the Mailboxes port.
[[nodiscard]] Reply reply_for(const Error& error);
/// LOGIN and AUTHENTICATE: says nothing about which of name and password was wrong.
[[nodiscard]] Reply login_reply_for(const Error& error);

/// "OK", "NO", "BAD".
[[nodiscard]] std::string_view name_of(Reply::Status status);

}  // namespace gridmail::imap
