#include "protocols/smtp_client/delivery_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "protocols/text/ascii.hpp"
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

std::string date(WallMicros at) {
  return text::format_rfc5322_date({at / 1'000'000, 0});
}

std::string_view name_of(Action action) {
  constexpr std::string_view names[] = {"failed", "delayed", "relayed"};
  return names[static_cast<std::size_t>(action)];
}

std::string_view subject_of(Action action) {
  switch (action) {
    case Action::failed:
      return "Your message was not delivered";
    case Action::delayed:
      return "Your message is delayed";
    case Action::relayed:
      break;
  }
  return "Your message was passed on";
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
      break;
  }
  return "Your message was passed on to the mail systems of the recipients below, which do\r\n"
         "not tell whether they deliver it.\r\n";
}

void append_text(std::string& out, const DeliveryReport& report) {
  out += "Content-Type: text/plain; charset=us-ascii\r\n\r\n";
  fmt::format_to(std::back_inserter(out), "This is the mail system at {}.\r\n\r\n{}\r\n",
                 clean(report.hostname), explanation_of(report.action));
  if (report.action == Action::delayed)
    fmt::format_to(std::back_inserter(out), "It will be given up on {}.\r\n\r\n", date(report.retry_until));
  for (const auto& recipient : report.recipients) {
    fmt::format_to(std::back_inserter(out), "<{}>:\r\n", clean(recipient.address));
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
    const auto type_end = recipient.original.find(';');
    if (type_end != std::string::npos) {
      fmt::format_to(std::back_inserter(out), "Original-Recipient: {}; {}\r\n",
                     clean(recipient.original.substr(0, type_end)),
                     clean(decode_xtext(recipient.original.substr(type_end + 1))));
    }
    fmt::format_to(std::back_inserter(out), "Final-Recipient: rfc822; {}\r\nAction: {}\r\nStatus: {}\r\n",
                   clean(recipient.address), name_of(report.action), clean(recipient.status));
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

/// RFC 6522, section 3: the message, or its header section (section 4).
void append_original(std::string& out, const DeliveryReport& report) {
  out += report.whole ? "Content-Type: message/rfc822\r\n" : "Content-Type: text/rfc822-headers\r\n";
  if (!text::is_ascii(report.original)) out += "Content-Transfer-Encoding: 8bit\r\n";
  out += "\r\n";
  out += report.original;
  out += "\r\n";
}

}  // namespace

std::string decode_xtext(std::string_view xtext) {
  std::string text;
  for (std::size_t i = 0; i < xtext.size(); ++i) {
    char c = xtext[i];
    if (c == '+' && i + 2 < xtext.size()) {
      const int high = text::hex_value(xtext[i + 1]), low = text::hex_value(xtext[i + 2]);
      if (high >= 0 && low >= 0) {
        c = static_cast<char>(high * 16 + low);
        i += 2;
      }
    }
    text.push_back(c >= ' ' && c <= '~' ? c : '?');
  }
  return text;
}

std::string format_delivery_report(const DeliveryReport& report) {
  const std::string boundary = "=_" + report.id;
  const auto hostname = clean(report.hostname);
  // RFC 3464, section 2: MIME's report; RFC 3834, section 5: nobody answers it by itself.
  std::string out = fmt::format(
      "From: Mail Delivery System <MAILER-DAEMON@{}>\r\nTo: <{}>\r\nSubject: {}\r\nDate: {}\r\n"
      "Message-ID: <{}@{}>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{}\"\r\n\r\n",
      hostname, clean(report.sender), subject_of(report.action), date(report.at), report.id, hostname,
      boundary);
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
