// Queue entries with recipients elsewhere: sent once, again when deferred, and by the next primary.
#include <set>

#include "node/base/log.hpp"
#include "protocols/text/transfer_encoding.hpp"
#include "tests/unit/queue/memory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

ports::Incoming mail_to(const std::vector<std::string>& addresses, const std::string& text = letter) {
  auto incoming = MemoryGrid::message({}, text);
  for (const auto& address : addresses) incoming.recipients.push_back({UserId{}, address, address, 0, {}});
  return incoming;
}

struct Queued {
  explicit Queued(std::uint64_t seed) : grid(seed) { set_log_level(Level::error); }
  void submit(const std::vector<std::string>& addresses, const std::string& text = letter) {
    REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(mail_to(addresses, text))));
  }
  [[nodiscard]] std::size_t waiting() { return grid.queued().size(); }
  [[nodiscard]] queue::Summary only() {
    const auto all = grid.queued();
    if (all.empty()) FAIL("nothing waits");
    return all.front();
  }
  [[nodiscard]] QueueEntryId id() { return *QueueEntryId::from_bytes(only().entry()); }
  MemoryGrid grid;
};

}  // namespace

TEST_CASE("mail for other domains is sent once to each recipient, a domain at a time") {
  Queued queued(1);
  auto& remote = queued.grid.remote;
  queued.submit({"a@x.test", "b@x.test", "c@y.test"});
  REQUIRE(queued.grid.run_until_true(10s, [&] { return remote.delivered.size() == 3; }));
  queued.grid.run(60s);
  for (const auto& [address, count] : remote.delivered) CHECK(count == 1);
  CHECK(remote.attempts == std::map<std::string, std::size_t>{{"x.test", 1}, {"y.test", 1}});
  CHECK(queued.waiting() == 0);
}

TEST_CASE("who is here gets the message from the same entry as who is elsewhere") {
  MemoryGrid grid(2);
  const auto user = grid.add_user("a@example.org");
  auto incoming = mail_to({"far@x.test"});
  incoming.recipients.push_back({user, "a@example.org", {}, 0, {}});
  REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(incoming))));
  grid.run(5s);
  CHECK(grid.copies_of(user, letter) == 1);
  CHECK(grid.remote.delivered["far@x.test"] == 1);
}

TEST_CASE(
    "RFC 3461, 4.1: who asked for it is told once that the message is in the mailbox, whatever breaks") {
  for (std::uint64_t seed = 40; seed < 50; ++seed) {
    Queued queued(seed);
    auto& grid = queued.grid;
    auto incoming = MemoryGrid::message({}, letter);
    std::vector<UserId> users;
    for (int i = 0; i < 3; ++i) {
      users.push_back(grid.add_user("u" + std::to_string(i) + "@example.org"));
      const auto notify = i < 2 ? ports::Notify::success : ports::Notify::never;
      incoming.recipients.push_back({users.back(), "u@example.org", "as" + std::to_string(i) + "@example.org",
                                     notify, "rfc822;o@x.test"});
    }
    REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(incoming))));
    grid.slots.faults.commit_breaks = 0.3;
    grid.slots.faults.answer_lost = 0.1;
    grid.run(10min);
    grid.slots.faults = {};
    REQUIRE(grid.run_until_true(1h, [&] { return queued.waiting() == 0; }));
    for (const auto& user : users) CHECK(grid.copies_of(user, letter) == 1);
    std::multiset<std::string> told;
    for (const auto& report : grid.remote.reports) {
      CHECK(report.kind() == queue::Report::DELIVERED);
      for (const auto& row : report.recipients()) {
        CHECK(row.original() == "rfc822;o@x.test");
        told.insert(row.address());
      }
    }
    CHECK(told == std::multiset<std::string>{"as0@example.org", "as1@example.org"});
  }
}

TEST_CASE("RFC 3030: binary parts are encoded before anything is stored, or the message is refused") {
  MemoryGrid grid(50);
  const auto user = grid.add_user("a@example.org");
  const auto deliver = [&](const std::string& body) {
    auto incoming = MemoryGrid::message({user}, body);
    incoming.binary = true;
    return grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(incoming)));
  };
  const std::string header = "Content-Type: a/b\r\n";
  REQUIRE(deliver(header + "Content-Transfer-Encoding: binary\r\n\r\n" + std::string("a\0b", 3)));
  CHECK(grid.copies_of(
            user, header + "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi\r\n") == 1);
  REQUIRE(deliver(letter));
  CHECK(grid.copies_of(user, letter) == 1);
  const auto refused = deliver("X: a\nContent-Type: a/b\r\n\r\n");
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::invalid);
}

TEST_CASE("RFC 5321, 4.5.3.1.6: what a user here submits leaves in lines that others take") {
  MemoryGrid grid(51);
  const auto user = grid.add_user("a@example.org");
  const auto deliver = [&](bool leaves, const std::string& text) {
    auto incoming = MemoryGrid::message({user}, text);
    if (leaves) incoming.recipients.push_back({UserId{}, "x@x.test", "x@x.test", 0, {}});
    incoming.submitted = incoming.long_lines = true;
    return grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(incoming)));
  };
  const std::string header = "Subject: long\r\n";
  const auto line = std::string(2000, 'a') + "\r\n";
  REQUIRE(deliver(false, header + "\r\n" + line));
  CHECK(grid.copies_of(user, header + "\r\n" + line) == 1);
  REQUIRE(deliver(true, header + "\r\n" + line));
  const auto made = header + "MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
                    text::encode_quoted_printable(line);
  CHECK(grid.run_until_true(10s, [&] { return grid.copies_of(user, made) == 1; }));
  const auto signed_part =
      "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n" + line + "--b--\r\n";
  REQUIRE(deliver(true, signed_part));
  CHECK(grid.run_until_true(10s, [&] { return grid.copies_of(user, signed_part) == 1; }));
}

TEST_CASE("a CR that others might take for the end of a line does not leave the grid") {
  MemoryGrid grid(52);
  const auto user = grid.add_user("a@example.org");
  const auto deliver = [&](bool leaves, const std::string& text) {
    auto incoming = MemoryGrid::message({user}, text);
    if (leaves) incoming.recipients.push_back({UserId{}, "x@x.test", "x@x.test", 0, {}});
    incoming.bare_cr = true;
    return grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(incoming)));
  };
  const std::string hidden = "Subject: x\r\n\r\na\r.\rMAIL FROM:<b@x.test>\r\n";
  REQUIRE(deliver(false, hidden));
  CHECK(grid.copies_of(user, hidden) == 1);  // nobody here is misled
  REQUIRE(deliver(true, hidden));
  auto& sent = grid.remote.last_body;
  REQUIRE(grid.run_until_true(10s, [&] { return !sent.empty(); }));
  CHECK(sent.find("Content-Transfer-Encoding: base64\r\n") != std::string::npos);
  CHECK(sent.find("MAIL") == std::string::npos);
  sent.clear();
  const std::string signed_part = "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n";
  REQUIRE(deliver(true, signed_part + "a\rb\r\r\n--b--\r\n"));
  REQUIRE(grid.run_until_true(10s, [&] { return !sent.empty(); }));
  CHECK(sent == signed_part + "a\r\nb\r\n--b--\r\n");
  sent.clear();
  REQUIRE(deliver(true, "A: 1\r\r\nB: 2\r\r\n\r\r\nbody\r\r\r.\r"));
  REQUIRE(grid.run_until_true(10s, [&] { return !sent.empty(); }));
  CHECK(sent == "A: 1\r\nB: 2\r\n\r\nbody\r\n.\r\n");  // its header is whole
}

TEST_CASE("RFC 3461, 4.3: what comes back begins with the fields that went out in front of it") {
  const std::string received = "Received: from a by b; Tue, 1 Jul 2025 10:00:00 +0000";
  const auto returned = [](ports::Returned wish, const std::string& end_of_fields, const std::string& text) {
    Queued queued(53);
    auto& grid = queued.grid;
    grid.remote.rule = [](const std::string&) { return queue::Outcome::FAILED; };
    auto incoming = mail_to({"a@x.test"}, text);
    incoming.returned = wish;
    incoming.trace_header += end_of_fields;
    REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(incoming))));
    REQUIRE(grid.run_until_true(10s, [&] { return !grid.remote.originals.empty(); }));
    return grid.remote.originals.front();
  };
  using Returned = ports::Returned;
  CHECK(returned(Returned::unsaid, "", letter) == received + "\r\nSubject: hello");
  CHECK(returned(Returned::full, "", letter) == received + "\r\n" + letter);
  CHECK(returned(Returned::headers, "\r\n", " no header\r\n") == received);
  CHECK(returned(Returned::full, "\r\n", " no header\r\n") == received + "\r\n\r\n no header\r\n");
  const auto large = letter + std::string(2 << 20, 'x') + "\r\n";
  CHECK(returned(Returned::full, "", large) == received + "\r\nSubject: hello");
}

TEST_CASE("what is deferred for days is tried again ever more rarely, and then comes back") {
  Queued queued(3);
  auto& remote = queued.grid.remote;
  remote.rule = [](const std::string&) { return queue::Outcome::DEFERRED; };
  queued.submit({"a@x.test"});
  queued.grid.run(10min);
  const auto soon = remote.attempts["x.test"];
  CHECK(soon >= 5);
  CHECK(soon <= 8);
  CHECK(remote.reports.empty());
  queued.grid.run(5h);
  REQUIRE(remote.reports.size() == 1);
  CHECK(remote.reports[0].kind() == queue::Report::DELAYED);
  queued.grid.run(24h * 5);
  REQUIRE(remote.reports.size() == 2);
  CHECK(remote.reports[1].kind() == queue::Report::FAILED);
  CHECK(remote.attempts["x.test"] < 180);
  CHECK(queued.waiting() == 0);
}

TEST_CASE("a refusal is reported once, whatever breaks on the way") {
  Queued queued(4);
  auto& grid = queued.grid;
  grid.remote.rule = [](const std::string& address) {
    return address[0] == 'a' ? queue::Outcome::FAILED : queue::Outcome::DELIVERED;
  };
  queued.submit({"a@x.test", "b@x.test"});
  grid.slots.faults.commit_breaks = 0.5;
  REQUIRE(grid.run_until_true(10min, [&] { return !grid.remote.reports.empty(); }));
  grid.slots.faults.commit_breaks = 0;
  grid.run(10min);
  CHECK(grid.remote.reports.size() == 1);
  CHECK(queued.waiting() == 0);
}

TEST_CASE("the slot moves while a message is sent: the former primary finishes, and tells the next one") {
  Queued queued(5);
  auto& grid = queued.grid;
  grid.remote.rule = [&](const std::string&) {  // the remote has taken it; its reply is on the way
    for (SlotId slot = 0; slot < MemorySlots::slot_count; ++slot) grid.slots.open(slot);
    return queue::Outcome::DELIVERED;
  };
  queued.submit({"a@x.test"});
  grid.run(2min);
  CHECK(grid.remote.delivered["a@x.test"] == 1);
  CHECK(queued.waiting() == 0);
}

TEST_CASE("the slot moves before the end of the message: it is broken off, and sent by the next primary") {
  Queued queued(6);
  auto& grid = queued.grid;
  bool moved = false;
  grid.remote.before_end = [&]() -> Task<void> {
    if (!std::exchange(moved, true)) {
      for (SlotId slot = 0; slot < MemorySlots::slot_count; ++slot) grid.slots.open(slot);
    }
    co_return;
  };
  queued.submit({"a@x.test"});
  grid.run(2min);
  CHECK(grid.remote.delivered["a@x.test"] == 1);
  CHECK(queued.waiting() == 0);
}

TEST_CASE(
    "a lease that lapses is waited for before the end of the message, for 5 s, and nothing is deferred") {
  for (const auto lapse : {Duration(2s), Duration(10s)}) {
    Queued queued(11);
    auto& grid = queued.grid;
    bool lapsed = false;
    grid.remote.before_end = [&]() -> Task<void> {
      if (!std::exchange(lapsed, true)) grid.slots.faults.lapsed_until = grid.clock.now() + lapse;
      co_return;
    };
    queued.submit({"a@x.test"});
    const auto begun = grid.clock.now();
    REQUIRE(grid.run_until_true(1min, [&] { return grid.remote.delivered["a@x.test"] == 1; }));
    const auto took = grid.clock.now() - begun;
    CHECK(took >= lapse);
    CHECK(took < lapse + 3s);  // whoever is deferred waits for 11 s at least
    CHECK(grid.remote.attempts["x.test"] == (lapse < Duration(5s) ? 1 : 2));
    grid.run(1min);
    CHECK(grid.remote.delivered["a@x.test"] == 1);
    CHECK(queued.waiting() == 0);
  }
}

TEST_CASE("ten thousand messages to a dead destination hold up nobody else") {
  MemoryGrid grid(7);
  set_log_level(Level::error);
  grid.remote.is_dead = [](const std::string& hop) { return hop == "dead.test"; };
  grid.remote.before_end = [&grid] { return sleep_for(grid.clock, 1s); };
  for (int batch = 0; batch < 10; ++batch) {
    std::vector<std::string> addresses;
    addresses.reserve(100);
    for (int i = 0; i < 100; ++i) addresses.push_back("u" + std::to_string(i) + "@dead.test");
    for (int i = 0; i < 10; ++i)
      REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(mail_to(addresses))));
  }
  const auto begun = grid.clock.now();
  REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(mail_to({"a@alive.test"}))));
  REQUIRE(grid.run_until_true(10s, [&] { return grid.remote.delivered["a@alive.test"] == 1; }));
  CHECK(grid.clock.now() - begun < 3s);
  grid.run(1min);
  CHECK(grid.remote.attempts["dead.test"] < 30);  // it rests between attempts
}

TEST_CASE("a destination that answers gets more lanes, up to a limit") {
  Queued queued(8);
  auto& grid = queued.grid;
  grid.remote.before_end = [&grid] { return sleep_for(grid.clock, 100ms); };
  queued.submit({"a@x.test"});
  for (int i = 0; i < 300; ++i) queued.submit({"u" + std::to_string(i) + "@x.test"});
  REQUIRE(grid.run_until_true(1min, [&] { return grid.remote.delivered.size() == 301; }));
  CHECK(grid.remote.at_once_max > 4);
  CHECK(grid.remote.at_once_max <= 20);
}

TEST_CASE("what is held is not sent until it is released; what is removed never") {
  Queued queued(9);
  auto& grid = queued.grid;
  grid.remote.rule = [](const std::string&) { return queue::Outcome::DEFERRED; };
  queued.submit({"a@x.test"});
  grid.run(1s);
  const auto id = queued.id();
  REQUIRE(grid.run_to_end(grid.queue_client.hold(id, true, {})));
  CHECK(queued.only().held());
  const auto before = grid.remote.attempts["x.test"];
  REQUIRE(grid.run_to_end(grid.queue_client.retry(id, {})));
  grid.run(2h);
  CHECK(grid.remote.attempts["x.test"] == before);
  grid.remote.rule = nullptr;
  REQUIRE(grid.run_to_end(grid.queue_client.hold(id, false, {})));
  grid.run(1s);
  CHECK(grid.remote.delivered["a@x.test"] == 1);

  grid.remote.rule = [](const std::string&) { return queue::Outcome::DEFERRED; };
  queued.submit({"b@x.test"});
  grid.run(1s);
  REQUIRE(grid.run_to_end(grid.queue_client.remove(queued.id(), {})));
  grid.remote.rule = nullptr;
  grid.run(2h);
  CHECK(grid.remote.delivered["b@x.test"] == 0);
  CHECK(queued.waiting() == 0);
}

TEST_CASE("what is held is given to nobody here, either, until it is released") {
  Queued queued(54);
  auto& grid = queued.grid;
  const auto user = grid.add_user("a@example.org");
  grid.mailboxes.fail_with(Errc::no_space);
  auto incoming = MemoryGrid::message({user}, letter);
  incoming.recipients.front().notify = ports::Notify::success;  // makes it an entry of the queue
  REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(incoming))));
  grid.run(1s);
  const auto id = queued.id();
  REQUIRE(grid.run_to_end(grid.queue_client.hold(id, true, {})));
  CHECK(queued.only().held());
  grid.mailboxes.fail_with(std::nullopt);
  REQUIRE(grid.run_to_end(grid.queue_client.retry(id, {})));
  for (SlotId slot = 0; slot < MemorySlots::slot_count; ++slot) grid.slots.open(slot);  // also elsewhere
  grid.run(2h);
  CHECK(grid.copies_of(user, letter) == 0);
  CHECK(queued.only().held());
  REQUIRE(grid.run_to_end(grid.queue_client.hold(id, false, {})));
  CHECK(grid.run_until_true(1s, [&] { return grid.copies_of(user, letter) == 1; }));
  grid.run(1min);
  CHECK(queued.waiting() == 0);
}

TEST_CASE("an administrator's retry does not wait for the pause, and does not send twice") {
  Queued queued(10);
  auto& grid = queued.grid;
  grid.remote.rule = [](const std::string&) { return queue::Outcome::DEFERRED; };
  queued.submit({"a@x.test"});
  grid.run(1h);
  grid.remote.rule = nullptr;
  grid.remote.before_end = [&grid] { return sleep_for(grid.clock, 500ms); };
  const auto id = queued.id();
  for (int i = 0; i < 5; ++i) {
    REQUIRE(grid.run_to_end(grid.queue_client.retry(id, {})));
    grid.run(50ms);
  }
  grid.run(2s);
  CHECK(grid.remote.delivered["a@x.test"] == 1);
}

TEST_CASE("through slots that come and go every recipient gets the message, and each entry ends") {
  for (std::uint64_t seed = 20; seed < 30; ++seed) {
    Queued queued(seed);
    auto& grid = queued.grid;
    queued.submit({"a@x.test"});
    grid.slots.faults.commit_breaks = 0.2;
    grid.slots.faults.answer_lost = 0.1;
    grid.remote.rule = [&grid](const std::string&) {
      return grid.random.chance(0.5) ? queue::Outcome::DEFERRED : queue::Outcome::DELIVERED;
    };
    for (int i = 0; i < 10; ++i)
      (void)grid.run_to_end(grid.fronts.at(grid.nodes[0])
                                ->delivery.deliver(mail_to(
                                    {"u" + std::to_string(i) + "@x" + std::to_string(i % 3) + ".test"})));
    grid.run(10min);
    grid.slots.faults = {};
    REQUIRE(grid.run_until_true(12h, [&] { return grid.remote.delivered.size() == 11; }));
    grid.run(2h);
    CHECK(queued.waiting() == 0);
  }
}

TEST_CASE("large messages for servers that say nothing take no memory that others need") {
  Queued queued(31);
  auto& grid = queued.grid;
  grid.remote.clock = &grid.clock;
  const std::string large = "Subject: large\r\n\r\n" + std::string(45 << 20, 'x') + "\r\n";
  for (const std::string hop : {"mute1.test", "mute2.test", "mute3.test"}) {
    grid.remote.silent[hop] = 300s;
    queued.submit({"a@" + hop}, large);
  }
  grid.run(5s);
  queued.submit({"b@lives.test"});
  CHECK(grid.run_until_true(10s, [&] { return grid.remote.delivered.contains("b@lives.test"); }));
}
