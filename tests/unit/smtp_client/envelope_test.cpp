#include <doctest/doctest.h>

#include <set>

#include "protocols/smtp_client/envelope_command.hpp"
#include "protocols/smtp_client/mx_plan.hpp"

using namespace gridmail;
using namespace gridmail::smtp;

namespace {

OutgoingMail mail(const std::string& sender, const std::string& recipient) {
  OutgoingMail mail;
  mail.sender = sender;
  mail.recipients.push_back({recipient, "", ""});
  return mail;
}

std::vector<std::string> order(std::vector<ports::Exchanger> exchangers, std::uint64_t seed = 1) {
  SeededRandom random(seed);
  const auto hosts = order_exchangers(std::move(exchangers), "me.test", random);
  REQUIRE(hosts);
  return *hosts;
}

}  // namespace

TEST_CASE("nothing in an envelope can become a command of its own") {
  CHECK(is_safe_envelope(mail("", "a@b.test")));
  CHECK(is_safe_envelope(mail("\"odd one>\"@b.test", "\"a\\\"b\"@b.test")));
  for (const auto* bad : {"a@b.test\r\nDATA", "a@b.test>", "<a@b.test", "a b@c.test", "a@b.test\n",
                          "\"open@b.test", "\"x\\", "\xc3\xa4@b.test", ""})
    CHECK_MESSAGE(!is_safe_envelope(mail("", bad)), bad);
  auto wide = mail("\xc3\xa4@b.test", "\xc3\xa4@b.test");
  wide.utf8 = true;
  CHECK(is_safe_envelope(wide));
  wide.sender = "\xe4@b.test";
  CHECK(!is_safe_envelope(wide));
  auto parameters = mail("", "a@b.test");
  parameters.envelope_id = "x SMTPUTF8";
  CHECK(!is_safe_envelope(parameters));
}

TEST_CASE("parameters are said only to servers that know them") {
  auto one = mail("me@b.test", "a@b.test");
  one.body = "12345";
  one.returned = "HDRS";
  one.envelope_id = "id";
  one.recipients[0].notify = "SUCCESS,DELAY";
  one.recipients[0].original = "rfc822;a@b.test";
  CHECK(mail_command(one, {}, {true, true}) == "MAIL FROM:<me@b.test>\r\n");
  CHECK(rcpt_command(one.recipients[0], {}) == "RCPT TO:<a@b.test>\r\n");
  Extensions all;
  all.size = all.eight_bit = all.dsn = true;
  CHECK(mail_command(one, all, {true, false}) ==
        "MAIL FROM:<me@b.test> SIZE=5 BODY=8BITMIME RET=HDRS ENVID=id\r\n");
  CHECK(mail_command(one, all, {}) == "MAIL FROM:<me@b.test> SIZE=5 RET=HDRS ENVID=id\r\n");
  CHECK(rcpt_command(one.recipients[0], all) ==
        "RCPT TO:<a@b.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a@b.test\r\n");
  all.utf8 = true;
  CHECK(mail_command(one, all, {false, true}) ==
        "MAIL FROM:<me@b.test> SIZE=5 SMTPUTF8 RET=HDRS ENVID=id\r\n");
  one.recipients[0].original = "utf-8;\xc3\xa4\xe2\x82\xac@b.test";
  CHECK(rcpt_command(one.recipients[0], all).ends_with(" ORCPT=utf-8;\\x{E4}\\x{20AC}@b.test\r\n"));
}

TEST_CASE("exchangers come by preference, those of one preference in any order") {
  std::set<std::vector<std::string>> orders;
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    orders.insert(order({{20, "c.test"}, {10, "a.test"}, {10, "B.test"}, {20, "A.test"}}, seed));
  CHECK(orders ==
        std::set<std::vector<std::string>>{{"a.test", "b.test", "c.test"}, {"b.test", "a.test", "c.test"}});
}

TEST_CASE("RFC 7505: a null MX takes no mail, and is nothing beside others") {
  SeededRandom random(1);
  CHECK(order_exchangers({{0, ""}}, "me.test", random).error().code == Errc::invalid);
  CHECK(order({{0, ""}, {5, "a.test"}}) == std::vector<std::string>{"a.test"});
}

TEST_CASE("RFC 5321, section 5.1: a host sends nothing to hosts no better than itself") {
  CHECK(order({{10, "a.test"}, {20, "ME.test"}, {20, "b.test"}, {30, "c.test"}}) ==
        std::vector<std::string>{"a.test"});
  SeededRandom random(1);
  CHECK(order_exchangers({{10, "me.test"}, {20, "b.test"}}, "me.test", random).error().code ==
        Errc::unsupported);
}
