#include "protocols/smtp_client/delivery_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "protocols/smtp_client/xtext.hpp"
#include "protocols/text/ascii.hpp"
#include "protocols/text/charset.hpp"
#include "protocols/text/date.hpp"

namespace gridmail::smtp {
namespace {

using Action = DeliveryReport::Action;

constexpr std::size_t line_bytes_max = 900;  // RFC 5322, section 2.1.1: 998

/// On one line, printable, and no longer than a line may be.
std::string clean(std::string_view text) {
  std::string shown(text.substr(0, line_bytes_max));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

/// The same, with UTF-8 left in where the text is that.
std::string clean_utf8(std::string_view text) {
  if (text::is_ascii(text) || !text::is_utf8(text)) return clean(text);
  std::string shown(text);
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; }, '?');
  return shown;
}

/// An address's type and the address (RFC 3464, section 2.1.2; RFC 6533, section 3).
std::string typed(std::string_view address) {
  if (text::is_ascii(address)) return "rfc822; " + clean(address);
  return "utf-8; " + clean(encode_utf8_address(address));
}

/// ORCPT's value as Original-Recipient has it.
std::string original_recipient(std::string_view original) {
  const auto type_end = original.find(';');
  if (type_end == std::string_view::npos) return {};
  const auto type = original.substr(0, type_end);
  const auto address = original.substr(type_end + 1);
  if (text::equal_ignoring_case(type, "utf-8")) return "utf-8; " + clean(encode_utf8_address(address));
  return clean(type) + "; " + clean(decode_xtext(address));
}

std::string date(WallMicros at) {
  return text::format_rfc5322_date({at / 1'000'000, 0});
}

std::string_view name_of(Action action) {
  constexpr std::string_view names[] = {"failed", "delayed", "relayed", "delivered"};
  return names[static_cast<std::size_t>(action)];
}

std::string_view subject_of(Action action) {
  switch (action) {
    case Action::failed:
      return "Your message was not delivered";
    case Action::delayed:
      return "Your message is delayed";
    case Action::relayed:
      return "Your message was passed on";
    case Action::delivered:
      break;
  }
  return "Your message was delivered";
}

std::string_view explanation_of(Action action) {
  switch (action) {
    case Action::failed:
      return "Your message could not be delivered to the recipients below, and will not be\r\n"
             "tried again. Its header, or the message itself, is attached.\r\n";
    case Action::delayed:
      return "Your message could not be delivered yet to the recipients below. It will be\r\n"
             "tried again; you need not do anything.\r\n";
    case Action::relayed:
      return "Your message was passed on to the mail systems of the recipients below, which do\r\n"
             "not tell whether they deliver it.\r\n";
    case Action::delivered:
      break;
  }
  return "Your message was delivered to the mailboxes of the recipients below.\r\n";
}

void append_text(std::string& out, const DeliveryReport& report) {
  const bool is_wide = std::any_of(report.recipients.begin(), report.recipients.end(),
                                   [](const auto& one) { return !text::is_ascii(one.address); });
  out += is_wide ? "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                 : "Content-Type: text/plain; charset=us-ascii\r\n\r\n";
  fmt::format_to(std::back_inserter(out), "This is the mail system at {}.\r\n\r\n{}\r\n",
                 clean(report.hostname), explanation_of(report.action));
  if (report.action == Action::delayed)
    fmt::format_to(std::back_inserter(out), "It will be given up on {}.\r\n\r\n", date(report.retry_until));
  for (const auto& recipient : report.recipients) {
    fmt::format_to(std::back_inserter(out), "<{}>:\r\n", clean_utf8(recipient.address));
    if (!recipient.host.empty())
      fmt::format_to(std::back_inserter(out), "  {} said:\r\n", clean(recipient.host));
    fmt::format_to(std::back_inserter(out), "  {}\r\n\r\n", clean(recipient.reply));
  }
}

/// RFC 3464, sections 2.2 and 2.3.
void append_status(std::string& out, const DeliveryReport& report) {
  out += "Content-Type: message/delivery-status\r\n\r\n";
  if (!report.envelope_id.empty())
    fmt::format_to(std::back_inserter(out), "Original-Envelope-Id: {}\r\n",
                   clean(decode_xtext(report.envelope_id)));
  fmt::format_to(std::back_inserter(out), "Reporting-MTA: dns; {}\r\nArrival-Date: {}\r\n",
                 clean(report.hostname), date(report.arrived));
  for (const auto& recipient : report.recipients) {
    out += "\r\n";
    if (const auto original = original_recipient(recipient.original); !original.empty())
      fmt::format_to(std::back_inserter(out), "Original-Recipient: {}\r\n", original);
    fmt::format_to(std::back_inserter(out), "Final-Recipient: {}\r\nAction: {}\r\nStatus: {}\r\n",
                   typed(recipient.address), name_of(report.action), clean(recipient.status));
    if (!recipient.host.empty()) {
      fmt::format_to(std::back_inserter(out), "Remote-MTA: dns; {}\r\nDiagnostic-Code: smtp; {}\r\n",
                     clean(recipient.host), clean(recipient.reply));
    } else {
      fmt::format_to(std::back_inserter(out), "Diagnostic-Code: X-gridmail; {}\r\n", clean(recipient.reply));
    }
    fmt::format_to(std::back_inserter(out), "Last-Attempt-Date: {}\r\n", date(report.at));
    if (report.action == Action::delayed)
      fmt::format_to(std::back_inserter(out), "Will-Retry-Until: {}\r\n", date(report.retry_until));
  }
}

/// RFC 6522, section 3: the message, or its header section (section 4); RFC 6533, section 5, where that is
/// UTF-8.
void append_original(std::string& out, const DeliveryReport& report) {
  const auto header = report.original.substr(0, report.original.find("\r\n\r\n"));
  const bool is_global = report.utf8 && !text::is_ascii(header);
  const std::string_view type = report.whole ? (is_global ? "message/global" : "message/rfc822")
                                             : (is_global ? "message/global-headers" : "text/rfc822-headers");
  out.append("Content-Type: ").append(type).append("\r\n");
  if (!text::is_ascii(report.original)) out += "Content-Transfer-Encoding: 8bit\r\n";
  out += "\r\n";
  out += report.original;
  out += "\r\n";
}

}  // namespace

std::string format_delivery_report(const DeliveryReport& report) {
  const std::string boundary = "=_" + report.id;
  const auto hostname = clean(report.hostname);
  // RFC 3464, section 2: MIME's report; RFC 3834, section 5: nobody answers it by itself.
  const auto sender = report.utf8 ? clean_utf8(report.sender) : clean(report.sender);
  std::string out = fmt::format(
      "From: Mail Delivery System <MAILER-DAEMON@{}>\r\nTo: <{}>\r\nSubject: {}\r\nDate: {}\r\n"
      "Message-ID: <{}@{}>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{}\"\r\n\r\n",
      hostname, sender, subject_of(report.action), date(report.at), report.id, hostname, boundary);
  out += "--" + boundary + "\r\n";
  append_text(out, report);
  out += "--" + boundary + "\r\n";
  append_status(out, report);
  out += "\r\n--" + boundary + "\r\n";
  append_original(out, report);
  out += "--" + boundary + "--\r\n";
  return out;
}

}  // namespace gridmail::smtp
