// What other mail systems and the DNS say: replies, extensions, records; and the notifications that quote
// them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "node/services/dns/dns_answer_parser.hpp"
#include "protocols/smtp_client/delivery_report.hpp"
#include "protocols/smtp_client/envelope_command.hpp"

using namespace gridmail;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

/// The input as a server's lines.
smtp::RemoteReply last_reply(BytesView input) {
  smtp::ReplyParser parser;
  smtp::RemoteReply last;
  while (!input.empty()) {
    const auto end = std::min(input.find('\n'), input.size());
    const auto fed = parser.feed(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
    if (!fed) break;
    if (*fed) last = **fed;
  }
  return last;
}

void check_reply(const smtp::RemoteReply& reply) {
  const auto text = reply.text();
  check(text.size() <= 512 && text.find_first_of("\r\n") == std::string::npos);
  check(reply.enhanced.empty() || reply.enhanced[0] - '0' == reply.code / 100);
  (void)smtp::parse_extensions(reply);
}

/// Nothing quoted starts a line, so that no part and no field can be made up.
void check_report(BytesView input, const smtp::RemoteReply& reply) {
  smtp::DeliveryReport report;
  report.hostname = "mx.example.test";
  report.id = "0123456789abcdef";
  report.sender = Bytes(input.substr(0, input.size() / 2));
  report.envelope_id = Bytes(input);
  report.recipients.push_back(
      {Bytes(input), Bytes(input), reply.status(), reply.text() + Bytes(input), Bytes(input.substr(0, 100))});
  const auto text = smtp::format_delivery_report(report);
  std::size_t boundaries = 0;
  for (std::size_t at = 0; (at = text.find("\r\n--=_0123456789abcdef", at)) != std::string::npos; ++at)
    ++boundaries;
  check(boundaries == 4);
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; ++at) check(text[at - 1] == '\r');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(reinterpret_cast<const char*>(data), size);
  const auto reply = last_reply(input);
  check_reply(reply);
  check_report(input, reply);
  if (const auto exchanger = dns::parse_exchanger(input)) check(exchanger->host.size() <= 253);
  (void)dns::parse_address(input);
  smtp::OutgoingMail mail;
  mail.sender = Bytes(input);
  mail.recipients.push_back({Bytes(input), "rfc822;" + Bytes(input), ""});
  mail.utf8 = input.size() % 2 == 0;
  smtp::Extensions all;
  all.size = all.eight_bit = all.dsn = all.utf8 = true;
  if (smtp::is_safe_envelope(mail)) {
    const auto command =
        smtp::mail_command(mail, all, {true, true}) + smtp::rcpt_command(mail.recipients[0], all);
    check(command.find("\r\n") == command.find_first_of("\r\n"));
    check(static_cast<std::size_t>(std::count(command.begin(), command.end(), '\n')) == 2);
  }
  return 0;
}
