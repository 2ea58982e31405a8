#include "protocols/smtp_client/envelope_command.hpp"

#include <algorithm>

#include "protocols/smtp_client/xtext.hpp"
#include "protocols/text/ascii.hpp"
#include "protocols/text/charset.hpp"

namespace gridmail::smtp {
namespace {

bool is_wide(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

bool is_printable(char c) {
  return (c >= ' ' && c <= '~') || is_wide(c);
}

/// Bytes above 127 only as UTF-8, and where that may be.
bool has_safe_bytes(std::string_view text, bool utf8) {
  return text::is_ascii(text) || (utf8 && text::is_utf8(text));
}

bool is_safe_address(std::string_view address) {
  bool quoted = false;
  for (std::size_t i = 0; i < address.size(); ++i) {
    const char c = address[i];
    if (!is_printable(c)) return false;
    if (quoted && c == '\\') {
      ++i;  // the quoted byte is looked at only for being printable
      if (i >= address.size() || !is_printable(address[i])) return false;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ' ' || c == '<' || c == '>')) {
      return false;
    }
  }
  return !quoted;
}

bool is_safe_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return is_printable(c) && c != ' '; });
}

}  // namespace

bool is_safe_envelope(const OutgoingMail& mail) {
  const auto is_safe = [&](const OutgoingRecipient& recipient) {
    return !recipient.address.empty() && is_safe_address(recipient.address) &&
           has_safe_bytes(recipient.address, mail.utf8) && is_safe_value(recipient.original) &&
           has_safe_bytes(recipient.original, mail.utf8) && is_safe_value(recipient.notify);
  };
  return is_safe_address(mail.sender) && has_safe_bytes(mail.sender, mail.utf8) &&
         is_safe_value(mail.returned) && is_safe_value(mail.envelope_id) &&
         text::is_ascii(mail.envelope_id) &&
         std::all_of(mail.recipients.begin(), mail.recipients.end(), is_safe);
}

std::string mail_command(const OutgoingMail& mail, const Extensions& extensions, Needs needs) {
  std::string command = "MAIL FROM:<" + mail.sender + ">";
  if (extensions.size) command += " SIZE=" + std::to_string(mail.size());
  if (extensions.eight_bit && needs.eight_bit) command += " BODY=8BITMIME";
  if (extensions.utf8 && needs.utf8) command += " SMTPUTF8";
  if (mail.require_tls) command += " REQUIRETLS";
  if (extensions.dsn && !mail.returned.empty()) command += " RET=" + mail.returned;
  if (extensions.dsn && !mail.envelope_id.empty()) command += " ENVID=" + mail.envelope_id;
  return command + "\r\n";
}

std::string rcpt_command(const OutgoingRecipient& recipient, const Extensions& extensions) {
  std::string command = "RCPT TO:<" + recipient.address + ">";
  if (extensions.dsn && !recipient.notify.empty()) command += " NOTIFY=" + recipient.notify;
  if (extensions.dsn && !recipient.original.empty())
    command += " ORCPT=" + encode_utf8_address(recipient.original);
  return command + "\r\n";
}

}  // namespace gridmail::smtp
