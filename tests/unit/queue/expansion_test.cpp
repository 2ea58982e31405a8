// Mail for addresses that lead to several, here and elsewhere: all in one entry, each once.
#include "node/base/log.hpp"
#include "protocols/srs/sender_rewriting.hpp"
#include "tests/unit/queue/memory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* team = "team@example.org";

struct Expanding {
  explicit Expanding(std::uint64_t seed) : grid(seed) {
    set_log_level(Level::error);
    ann = grid.add_user("ann@example.org");
    grid.put_address("ann@example.org", ann);
    grid.set_postmaster(grid.add_user("postmaster"));
    grid.put_list(team, {"ann@example.org", "bob@far.test"});
  }
  ports::Incoming mail(const std::vector<std::string>& lists, const std::string& text = letter) {
    auto incoming = MemoryGrid::message({}, text);
    for (const auto& list : lists) {
      auto& recipient = incoming.recipients.emplace_back();
      recipient.address = recipient.as_given = list;
      recipient.expands = true;
    }
    return incoming;
  }
  Result<void> deliver(ports::Incoming message) {
    return grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(message)));
  }
  MemoryGrid grid;
  UserId ann;
};

}  // namespace

TEST_CASE("a list's members get the message, here and elsewhere, each once") {
  Expanding expanding(1);
  auto& grid = expanding.grid;
  grid.put_list("all@example.org", {team, "ann@example.org", "bob@far.test", "cy@far.test"});
  auto message = expanding.mail({team, "all@example.org"});
  message.recipients.push_back({expanding.ann, "ann@example.org", "ann@example.org", 0, {}});
  REQUIRE(expanding.deliver(std::move(message)));
  REQUIRE(grid.run_until_true(10s, [&] { return grid.remote.delivered.size() == 2; }));
  REQUIRE(grid.run_until_true(10s, [&] { return grid.mailboxes.delivered_to(expanding.ann).size() > 0; }));
  grid.run(60s);
  CHECK(grid.mailboxes.delivered_to(expanding.ann).size() == 1);
  CHECK(grid.remote.delivered == std::map<std::string, std::size_t>{{"bob@far.test", 1}, {"cy@far.test", 1}});
}

TEST_CASE("what others sent leaves under an address that leads back to them") {
  Expanding expanding(2);
  auto& grid = expanding.grid;
  REQUIRE(expanding.deliver(expanding.mail({team})));
  REQUIRE(grid.run_until_true(10s, [&] { return !grid.remote.messages.empty(); }));
  const auto& message = grid.remote.messages.front();
  CHECK(message.sender() == "sender@example.net");  // who is told
  CHECK(message.sender_elsewhere().ends_with("@example.org"));
  CHECK(srs::original_sender(message.sender_elsewhere(), Bytes(32, 's'), grid.clock.wall()) ==
        "sender@example.net");
  CHECK(message.prefix().find("Delivered-To: team@example.org\r\n") != std::string::npos);
}

TEST_CASE("what our users send leaves under their own address") {
  Expanding expanding(3);
  auto message = expanding.mail({team});
  message.submitted = true;
  REQUIRE(expanding.deliver(std::move(message)));
  auto& remote = expanding.grid.remote;
  REQUIRE(expanding.grid.run_until_true(10s, [&] { return !remote.messages.empty(); }));
  CHECK(remote.messages.front().sender_elsewhere().empty());
  CHECK(remote.messages.front().prefix().find("Delivered-To: team@example.org") != std::string::npos);
}

TEST_CASE("a message that an address has forwarded is not taken for it again") {
  Expanding expanding(4);
  const auto returned = std::string("Delivered-To: Team@EXAMPLE.org\r\n") + letter;
  const auto refused = expanding.deliver(expanding.mail({team}, returned));
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::denied);
  expanding.grid.put_list("other@example.org", {"bob@far.test"});
  CHECK(expanding.deliver(expanding.mail({"other@example.org"}, returned)));
  CHECK(expanding.deliver(expanding.mail({team}, letter + returned)));  // text, not header
}

TEST_CASE("who has had the message is refused alone: who submitted it is told, or LMTP's client") {
  const auto returned = "Delivered-To: team@example.org\r\n" + std::string(letter);
  const auto mail = [&](Expanding& expanding, const std::vector<std::string>& lists) {
    auto message = expanding.mail(lists, returned);
    message.recipients.push_back({expanding.ann, "ann@example.org", "ann@example.org", 0, {}});
    message.recipients.front().original = "rfc822;t@x.test";
    return message;
  };
  Expanding smtp(7);
  auto submitted = mail(smtp, {team});
  submitted.submitted = true;
  REQUIRE(smtp.deliver(std::move(submitted)));
  smtp.grid.run(60s);
  CHECK(smtp.grid.copies_of(smtp.ann, returned) == 1);
  CHECK(smtp.grid.remote.attempts.empty());
  REQUIRE(smtp.grid.remote.reports.size() == 1);
  const auto& report = smtp.grid.remote.reports.front();
  CHECK(report.kind() == queue::Report::FAILED);
  REQUIRE(report.recipients_size() == 1);
  CHECK(report.recipients(0).address() == team);
  CHECK(report.recipients(0).original() == "rfc822;t@x.test");
  CHECK(report.recipients(0).status() == "5.4.6");
  CHECK(smtp.grid.queued().empty());

  for (const bool is_expanded : {false, true}) {
    Expanding lmtp(8);
    auto& grid = lmtp.grid;
    grid.put_list("other@example.org", {"bob@far.test"});
    auto message = mail(lmtp, is_expanded ? std::vector<std::string>{team, "other@example.org"}
                                          : std::vector<std::string>{team});
    const auto outcomes =
        grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver_each(std::move(message)));
    grid.run(60s);
    REQUIRE(outcomes.size() == (is_expanded ? 3 : 2));
    REQUIRE(!outcomes[0]);
    CHECK(outcomes[0].error().code == Errc::denied);
    CHECK(outcomes[1]);
    CHECK(outcomes.back());
    CHECK(grid.copies_of(lmtp.ann, returned) == 1);
    CHECK(grid.remote.delivered.size() == (is_expanded ? 1 : 0));
    CHECK(grid.remote.reports.empty());
  }
}

TEST_CASE("a loop refuses all of what comes from the world: a forged one has nobody told") {
  Expanding expanding(10);
  auto& grid = expanding.grid;
  const auto returned = "Delivered-To: team@example.org\r\n" + std::string(letter);
  auto message = expanding.mail({team}, returned);
  message.recipients.push_back({expanding.ann, "ann@example.org", "ann@example.org", 0, {}});
  message.returned = ports::Returned::full;
  const auto refused = expanding.deliver(std::move(message));
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::denied);
  grid.run(60s);
  CHECK(grid.copies_of(expanding.ann, returned) == 0);
  CHECK(grid.remote.attempts.empty());
  CHECK(grid.remote.reports.empty());
  CHECK(grid.queued().empty());
}

TEST_CASE("who has had the message is refused, and the sender told, also while the slot is away") {
  Expanding expanding(9);
  auto& grid = expanding.grid;
  grid.slots.close_all();
  auto message = expanding.mail({team}, "Delivered-To: team@example.org\r\n" + std::string(letter));
  message.recipients.push_back({expanding.ann, "ann@example.org", "ann@example.org", 0, {}});
  message.submitted = true;
  REQUIRE(expanding.deliver(std::move(message)));
  CHECK(grid.remote.reports.empty());
  grid.slots.open_all();
  REQUIRE(grid.run_until_true(2min, [&] { return grid.remote.reports.size() == 1; }));
  grid.run(60s);
  CHECK(grid.mailboxes.delivered_to(expanding.ann).size() == 1);
}

TEST_CASE("the members of a list are told of no success, and of failures unless the sender wants none") {
  Expanding expanding(5);
  auto& remote = expanding.grid.remote;
  remote.rule = [](const std::string&) { return queue::Outcome::FAILED; };
  auto message = expanding.mail({team});
  message.recipients.front().notify = ports::Notify::success;
  REQUIRE(expanding.deliver(std::move(message)));
  expanding.grid.run(60s);
  CHECK(remote.reports.empty());
  message = expanding.mail({team});
  message.recipients.front().notify = ports::Notify::success | ports::Notify::failure;
  REQUIRE(expanding.deliver(std::move(message)));
  expanding.grid.run(60s);
  REQUIRE(remote.reports.size() == 1);
  CHECK(remote.reports.front().kind() == queue::Report::FAILED);
}

TEST_CASE("lists lead to thousands, or to more than a message may have: then nothing was promised") {
  Expanding expanding(6);
  auto& grid = expanding.grid;
  std::vector<std::string> lists;
  for (const std::string name : {"a", "b", "c"}) {
    std::vector<std::string> members;
    for (int i = 0; i < 1500; ++i) members.push_back(name + std::to_string(i) + "@far.test");
    lists.push_back("all-" + name + "@example.org");
    grid.put_list(lists.back(), members);
  }
  const auto refused = expanding.deliver(expanding.mail(lists));
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::too_large);
  lists.pop_back();
  REQUIRE(expanding.deliver(expanding.mail(lists)));
  CHECK(grid.run_until_true(60s, [&] { return grid.remote.delivered.size() == 3000; }));
}
