#include "protocols/smtp_client/delivery_report.hpp"

#include <doctest/doctest.h>

#include "protocols/mime/parser.hpp"
#include "protocols/smtp_client/xtext.hpp"

using namespace gridmail;
using namespace gridmail::smtp;

namespace {

DeliveryReport report() {
  DeliveryReport report;
  report.hostname = "mx.example.test";
  report.sender = "me@example.test";
  report.id = "0123456789abcdef";
  report.at = report.arrived = 1'700'000'000'000'000;
  report.recipients.push_back(
      {"far@x.test", "rfc822;far+2Baway@x.test", "5.1.1", "550 5.1.1 nobody", "mx.x.test"});
  report.original = "Subject: hello\r\nX: \xc3\xa4\r\n";
  return report;
}

}  // namespace

TEST_CASE("RFC 3464: a notification is a multipart/report of three parts") {
  const auto text = format_delivery_report(report());
  const auto parsed = mime::parse(text);
  REQUIRE(parsed.root().children.size() == 3);
  CHECK(text.find("report-type=delivery-status") != std::string::npos);
  CHECK(text.find("Auto-Submitted: auto-replied\r\n") != std::string::npos);
  CHECK(text.find("\r\nOriginal-Recipient: rfc822; far+away@x.test\r\nFinal-Recipient: rfc822; far@x.test\r\n"
                  "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.x.test\r\n"
                  "Diagnostic-Code: smtp; 550 5.1.1 nobody\r\n") != std::string::npos);
  CHECK(
      text.find(
          "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: hello\r\n") !=
      std::string::npos);
}

TEST_CASE("nothing that others said starts a line of its own") {
  auto odd = report();
  odd.envelope_id = "a+0D+0AX-Injected:+20yes";
  odd.recipients[0].reply = "550 no\r\n\r\n--=_0123456789abcdef--\r\nX-Injected: yes";
  odd.recipients[0].address = "a@b\nX-Injected: yes";
  odd.recipients[0].original = "rfc822;x+0AX-Injected:+20yes";
  odd.recipients[0].host = "h\rX-Injected: yes";
  odd.sender = "me@x\r\nX-Injected: yes";
  const auto text = format_delivery_report(odd);
  CHECK(text.find("\nX-Injected") == std::string::npos);
  CHECK(text.find("\rX-Injected") == std::string::npos);
  CHECK(mime::parse(text).root().children.size() == 3);
}

TEST_CASE("a delay says until when it is tried, and that nothing is to be done") {
  auto late = report();
  late.action = DeliveryReport::Action::delayed;
  late.retry_until = 1'700'400'000'000'000;
  const auto text = format_delivery_report(late);
  CHECK(text.find("Action: delayed\r\n") != std::string::npos);
  CHECK(text.find("Will-Retry-Until: Sun, 19 Nov 2023 13:20:00 +0000\r\n") != std::string::npos);
}

TEST_CASE("RFC 6533: addresses in UTF-8 are of a type of their own, and headers in UTF-8 too") {
  auto wide = report();
  wide.action = DeliveryReport::Action::delivered;
  wide.utf8 = true;
  wide.sender = "\xc3\xbc@example.test";
  wide.recipients[0].address = "\xc3\xa4@x.test";
  wide.recipients[0].original = "utf-8;\xc3\xa4@y.test";
  const auto text = format_delivery_report(wide);
  CHECK(text.find("\r\nTo: <\xc3\xbc@example.test>\r\n") != std::string::npos);
  CHECK(
      text.find("\r\nOriginal-Recipient: utf-8; \\x{E4}@y.test\r\nFinal-Recipient: utf-8; \\x{E4}@x.test\r\n"
                "Action: delivered\r\n") != std::string::npos);
  CHECK(text.find("Content-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n") !=
        std::string::npos);
  wide.whole = true;
  CHECK(format_delivery_report(wide).find("Content-Type: message/global\r\n") != std::string::npos);
}

TEST_CASE("xtext is undone, and what cannot be is left") {
  CHECK(decode_xtext("a+2Bb+3Dc") == "a+b=c");
  CHECK(decode_xtext("+") == "+");
  CHECK(decode_xtext("+2") == "+2");
  CHECK(decode_xtext("+zz+00") == "+zz?");
}
