// The rules of retries and notifications, without time or place.
#include <doctest/doctest.h>

#include "storage/queue/outcome_report.hpp"
#include "storage/queue/parcel_plan.hpp"

using namespace gridmail;
using namespace std::chrono_literals;

namespace {

constexpr WallMicros hour = 3'600'000'000;

queue::Recipient elsewhere(const std::string& address, std::uint32_t notify = 0) {
  queue::Recipient recipient;
  recipient.set_address(address);
  recipient.set_notify(notify);
  return recipient;
}

queue::Message message(const std::string& sender = "me@example.test") {
  queue::Message message;
  message.set_sender(sender);
  message.set_accepted(1000 * hour);
  return message;
}

queue::Outcome outcome(const std::string& address, queue::Outcome::Kind kind) {
  queue::Outcome outcome;
  outcome.set_address(address);
  outcome.set_kind(kind);
  outcome.set_status(kind == queue::Outcome::FAILED ? "5.1.1" : "4.2.0");
  outcome.set_reply("as it said");
  return outcome;
}

ParcelPlan settle_one(std::uint32_t notify, queue::Outcome::Kind kind, WallMicros hours_later,
                      const std::string& sender = "me@example.test", bool relayed = true) {
  auto parcels = make_parcels({elsewhere("a@x.test", notify)}, 1000 * hour);
  auto what = outcome("a@x.test", kind);
  what.set_relayed(relayed);
  return settle(parcels.at(0), message(sender), {what}, RetryRules{}, (1000 + hours_later) * hour, 0.5);
}

}  // namespace

TEST_CASE("a parcel holds at most a hundred recipients of one domain") {
  std::vector<queue::Recipient> recipients;
  for (int i = 0; i < 150; ++i) recipients.push_back(elsewhere("u" + std::to_string(i) + "@x.test"));
  recipients.push_back(elsewhere("\"odd@local\"@y.test"));
  const auto parcels = make_parcels(recipients, 7);
  REQUIRE(parcels.size() == 3);
  CHECK(parcels[0].recipients_size() == 100);
  CHECK(parcels[1].recipients_size() == 50);
  CHECK(parcels[2].destination() == "y.test");
  CHECK(parcels[2].next_attempt() == 7);
}

TEST_CASE("pauses double from the first to the longest, a quarter to either side") {
  const RetryRules rules;
  CHECK(retry_pause(rules, 1, 0.5) == 15s);
  CHECK(retry_pause(rules, 2, 0.5) == 30s);
  CHECK(retry_pause(rules, 5, 0.5) == 4min);
  CHECK(retry_pause(rules, 100, 0.5) == 1h);
  CHECK(retry_pause(rules, 1'000'000'000, 0.0) == 45min);
  CHECK(retry_pause(rules, 1, 0.0) == 11250ms);
  CHECK(retry_pause(rules, 1, 0.999) < 18750ms);
}

TEST_CASE("who is done leaves the parcel, who is deferred stays") {
  const auto parcels = make_parcels({elsewhere("a@x.test"), elsewhere("b@x.test"), elsewhere("c@x.test")}, 0);
  const auto plan =
      settle(parcels.at(0), message(),
             {outcome("a@x.test", queue::Outcome::DELIVERED), outcome("c@x.test", queue::Outcome::FAILED)},
             RetryRules{}, 1000 * hour, 0.5);
  REQUIRE(plan.left);
  REQUIRE(plan.left->recipients_size() == 1);
  CHECK(plan.left->recipients(0).address() == "b@x.test");
  CHECK(plan.left->attempts() == 1);
  CHECK(plan.left->next_attempt() == 1000 * hour + 15'000'000);
  REQUIRE(plan.reports.size() == 1);
  CHECK(plan.reports[0].kind() == queue::Report::FAILED);
  CHECK(plan.reports[0].recipients(0).address() == "c@x.test");
}

TEST_CASE("the sender is told once of a delay of four hours, and after five days that it is over") {
  CHECK(settle_one(0, queue::Outcome::DEFERRED, 3).reports.empty());
  const auto late = settle_one(0, queue::Outcome::DEFERRED, 4);
  REQUIRE(late.reports.size() == 1);
  CHECK(late.reports[0].kind() == queue::Report::DELAYED);
  CHECK(late.reports[0].retry_until() == 1120 * hour);
  REQUIRE(late.left);
  const auto later = settle(*late.left, message(), {outcome("a@x.test", queue::Outcome::DEFERRED)},
                            RetryRules{}, 1010 * hour, 0.5);
  CHECK(later.reports.empty());
  REQUIRE(later.left);
  const auto over = settle(*later.left, message(), {outcome("a@x.test", queue::Outcome::DEFERRED)},
                           RetryRules{}, 1120 * hour, 0.5);
  CHECK(!over.left);
  REQUIRE(over.reports.size() == 1);
  CHECK(over.reports[0].kind() == queue::Report::FAILED);
  CHECK(over.reports[0].recipients(0).status() == "4.4.7");
}

TEST_CASE("the last attempt comes when the time is over, not an hour later") {
  const auto plan = settle_one(0, queue::Outcome::DEFERRED, 119);
  REQUIRE(plan.left);
  auto worn = *plan.left;
  worn.set_attempts(50);
  const auto next = settle(worn, message(), {}, RetryRules{}, 1119 * hour + hour / 2, 0.5);
  REQUIRE(next.left);
  CHECK(next.left->next_attempt() == 1120 * hour);
}

TEST_CASE("RFC 3461, section 4.1: NOTIFY says what the sender is told") {
  using namespace queue;
  CHECK(settle_one(NOTIFY_NEVER, Outcome::FAILED, 0).reports.empty());
  CHECK(settle_one(NOTIFY_NEVER, Outcome::FAILED, 0).dropped == std::vector<std::string>{"a@x.test"});
  CHECK(settle_one(NOTIFY_FAILURE, Outcome::FAILED, 0).reports.size() == 1);
  CHECK(settle_one(NOTIFY_DELAY, Outcome::FAILED, 0).reports.empty());
  CHECK(settle_one(NOTIFY_FAILURE, Outcome::DEFERRED, 5).reports.empty());
  CHECK(settle_one(NOTIFY_DELAY, Outcome::DEFERRED, 5).reports.size() == 1);
  CHECK(settle_one(NOTIFY_UNSAID, Outcome::DELIVERED, 0).reports.empty());
  CHECK(settle_one(NOTIFY_SUCCESS, Outcome::DELIVERED, 0).reports.size() == 1);
  CHECK(settle_one(NOTIFY_SUCCESS, Outcome::DELIVERED, 0, "me@example.test", false).reports.empty());
}

TEST_CASE("RFC 5321, section 4.5.5: nobody is told about mail from the null sender") {
  const auto plan = settle_one(0, queue::Outcome::FAILED, 0, "");
  CHECK(!plan.left);
  CHECK(plan.reports.empty());
  CHECK(plan.dropped.size() == 1);
}

TEST_CASE("a sender is the same in any case, and with whatever is behind a plus") {
  CHECK(sender_mark("News+1@Example.net") == sender_mark("news+2@example.NET"));
  CHECK(sender_mark("news@example.net") == sender_mark("news+2@example.net"));
  CHECK(sender_mark("news@example.net") != sender_mark("new@example.net"));
  CHECK(sender_mark("a@x.test") != sender_mark("a@y.test"));
  CHECK(sender_mark("") != sender_mark("a@x.test"));
  CHECK(sender_mark("a@x+y.test") != sender_mark("a@x+z.test"));
}

TEST_CASE("of those who are refused before they come to the queue the sender is told as of others") {
  queue::Submit submit;
  *submit.mutable_message() = message();
  CHECK_FALSE(report_refused(submit, 7));
  *submit.add_recipients() = elsewhere("a@x.test");
  for (const auto notify : {queue::NOTIFY_UNSAID, queue::NOTIFY_NEVER}) {
    auto& refused = *submit.add_recipients();
    refused = elsewhere("b@x.test", notify);
    *refused.mutable_outcome() = outcome("", queue::Outcome::FAILED);
  }
  const auto report = report_refused(submit, 7);
  REQUIRE(report);
  CHECK(report->kind() == queue::Report::FAILED);
  CHECK(report->next_attempt() == 7);
  REQUIRE(report->recipients_size() == 1);
  CHECK(report->recipients(0).address() == "b@x.test");
  CHECK(report->recipients(0).status() == "5.1.1");
  submit.mutable_message()->clear_sender();
  CHECK_FALSE(report_refused(submit, 7));
}

TEST_CASE("reports of one entry have numbers of their own") {
  CHECK(report_number(1, 0, queue::Report::FAILED) != report_number(0, 1, queue::Report::FAILED));
  CHECK(report_number(1, 1, queue::Report::FAILED) != report_number(1, 1, queue::Report::DELAYED));
  CHECK(report_number(1999, 65535, queue::Report::RELAYED) < (1U << 30));
}

TEST_CASE("RFC 3461, 4.3: of a message without an empty line the fields come back, and nothing of its text") {
  CHECK(header_length("A: b\r\n c\r\nD: e\r\n\r\ntext: x\r\n") == std::string("A: b\r\n c\r\nD: e").size());
  CHECK(header_length("A: b\r\nno field\r\nC: d\r\n") == std::string("A: b").size());
  CHECK(header_length("A: b\r\nC: d\r\n") == std::string("A: b\r\nC: d").size());
  CHECK(header_length("A: b") == 4);
  CHECK(header_length("only text\r\nA: b\r\n") == 0);
  CHECK(header_length("\r\nA: b\r\n") == 0);
  CHECK(header_length("") == 0);
}
