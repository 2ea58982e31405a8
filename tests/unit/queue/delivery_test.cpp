#include "tests/unit/queue/memory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

/// One transaction of the chaos below.
struct Sent {
  std::vector<UserId> to;
  std::string body;
  bool accepted = false;  ///< the client has seen the 250
};

Task<void> send(ports::Delivery& delivery, std::shared_ptr<Sent> sent) {
  auto message = MemoryGrid::message(sent->to, sent->body);
  const auto outcome = co_await delivery.deliver(std::move(message));
  sent->accepted = outcome.has_value();
}

}  // namespace

TEST_CASE("a message to several users reaches each of them once, behind Return-Path and Received") {
  MemoryGrid grid(1);
  const auto a = grid.add_user("a@example.org");
  const auto b = grid.add_user("b@example.org");
  REQUIRE(grid.deliver(grid.nodes[0], {a, b}, letter));
  REQUIRE(grid.mailboxes.delivered_to(a).size() == 1);
  REQUIRE(grid.mailboxes.delivered_to(b).size() == 1);
  const auto& message = grid.mailboxes.delivered_to(a).front();
  CHECK(message.body == letter);
  CHECK(message.prefix.find("Return-Path: <sender@example.net>\r\nReceived: ") == 0);
  CHECK(message.guid != grid.mailboxes.delivered_to(b).front().guid);
}

TEST_CASE("a retry after a lost answer delivers nothing twice") {
  MemoryGrid grid(2);
  const auto user = grid.add_user("a@example.org");
  grid.slots.faults.answer_lost = 0.5;
  for (int i = 0; i < 20; ++i) REQUIRE(grid.deliver(grid.nodes[0], {user}, letter + std::to_string(i)));
  CHECK(grid.mailboxes.delivered_to(user).size() == 20);
  CHECK(grid.mailboxes.repeats() > 0);
}

TEST_CASE("a user whose mailboxes were never made gets them with the first message") {
  MemoryGrid grid(3);
  const auto user = grid.add_user("a@example.org", false);
  REQUIRE(grid.deliver(grid.nodes[0], {user}, letter));
  CHECK(grid.copies_of(user, letter) == 1);
}

TEST_CASE("mail of a user who is gone by now goes to the postmaster") {
  MemoryGrid grid(4);
  const auto postmaster = grid.add_user("postmaster");
  grid.set_postmaster(postmaster);
  const auto user = grid.add_user("a@example.org");
  grid.remove_user(user);
  REQUIRE(grid.deliver(grid.nodes[0], {user}, letter));
  CHECK(grid.copies_of(user, letter) == 0);
  CHECK(grid.copies_of(postmaster, letter) == 1);
}

TEST_CASE("an out of date directory sends nobody's mail to the postmaster") {
  MemoryGrid grid(5, 1);
  grid.set_postmaster(grid.add_user("postmaster"));
  grid.followed.set_age(6s);
  const auto outcome = grid.deliver(grid.nodes[0], {draw_id<UserId>(grid.random)}, letter);
  REQUIRE(!outcome);
  CHECK(outcome.error().temporary());
}

TEST_CASE("what meets an unavailable slot is answered within 1.5 s, kept on two nodes and delivered once") {
  MemoryGrid grid(6);
  const auto user = grid.add_user("a@example.org");
  const auto slot = grid.slots.slot_for(user.view());
  grid.slots.close(slot);
  const auto begun = grid.clock.now();
  REQUIRE(grid.deliver(grid.nodes[0], {user}, letter));
  CHECK(grid.clock.now() - begun < 1500ms);
  grid.run(200ms);
  std::size_t holders = 0;
  for (const auto& node : grid.nodes) holders += grid.journal_records(node);
  CHECK(holders == 2);
  CHECK(grid.copies_of(user, letter) == 0);

  grid.slots.open(slot);
  REQUIRE(grid.run_until_true(30s, [&] { return grid.copies_of(user, letter) == 1; }));
  grid.run(60s);
  for (const auto& node : grid.nodes) CHECK(grid.journal_records(node) == 0);
  CHECK(grid.copies_of(user, letter) == 1);
}

TEST_CASE("intake with one dead partner of two takes no longer") {
  MemoryGrid grid(7);
  const auto user = grid.add_user("a@example.org");
  grid.slots.close(grid.slots.slot_for(user.view()));
  grid.crash(grid.nodes[2]);
  const auto begun = grid.clock.now();
  REQUIRE(grid.deliver(grid.nodes[0], {user}, letter));
  CHECK(grid.clock.now() - begun < 100ms);
}

TEST_CASE("with nobody to keep a second copy the client is told to come again, and nothing is delivered") {
  MemoryGrid grid(8, 2);
  const auto user = grid.add_user("a@example.org");
  const auto slot = grid.slots.slot_for(user.view());
  grid.slots.close(slot);
  grid.crash(grid.nodes[1]);
  const auto outcome = grid.deliver(grid.nodes[0], {user}, letter);
  REQUIRE(!outcome);
  CHECK(outcome.error().code == Errc::unavailable);
  grid.slots.open(slot);
  grid.start(grid.nodes[1]);
  grid.run(120s);
  CHECK(grid.copies_of(user, letter) == 0);
  CHECK(grid.journal_records(grid.nodes[0]) == 0);
}

TEST_CASE("a node whose disk is full takes nothing in, whoever asks it") {
  MemoryGrid grid(36);
  const auto user = grid.add_user("a@example.org");
  const auto slot = grid.slots.slot_for(user.view());
  grid.slots.close(slot);
  SUBCASE("its own clients are told so") {
    grid.full = {grid.nodes[0]};
    const auto outcome = grid.deliver(grid.nodes[0], {user}, letter);
    REQUIRE(!outcome);
    CHECK(outcome.error().code == Errc::no_space);
    grid.run(30s);
    for (const auto& node : grid.nodes) CHECK(grid.journal_records(node) == 0);
    grid.full.clear();
    CHECK(grid.deliver(grid.nodes[0], {user}, letter));
  }
  SUBCASE("others' mail goes to a third one, which is asked first") {
    for (const auto& full : {grid.nodes[1], grid.nodes[2]}) {
      grid.full = {full};
      const auto before = grid.journal_records(full);
      const auto begun = grid.clock.now();
      REQUIRE(grid.deliver(grid.nodes[0], {user}, letter));
      CHECK(grid.clock.now() - begun < 100ms);
      grid.run(200ms);
      CHECK(grid.journal_records(full) == before);
    }
  }
  SUBCASE("nobody else has room: the sender comes again, and is not kept waiting") {
    grid.full = {grid.nodes[1], grid.nodes[2]};
    const auto begun = grid.clock.now();
    CHECK_FALSE(grid.deliver(grid.nodes[0], {user}, letter));
    CHECK(grid.clock.now() - begun < 1500ms);
    grid.run(30s);
    for (const auto& node : grid.nodes) CHECK(grid.journal_records(node) == 0);
  }
}

TEST_CASE("a grid that makes do with one copy takes mail in alone, until another node can keep it too") {
  MemoryGrid grid(35, 2);
  grid.slots.set_copies_min(1);
  const auto user = grid.add_user("a@example.org");
  const auto slot = grid.slots.slot_for(user.view());
  grid.slots.close(slot);
  grid.crash(grid.nodes[1]);
  const auto begun = grid.clock.now();
  REQUIRE(grid.deliver(grid.nodes[0], {user}, letter));
  CHECK(grid.clock.now() - begun < 1500ms);
  CHECK(grid.journal_records(grid.nodes[0]) == 1);
  grid.start(grid.nodes[1]);
  CHECK(grid.run_until_true(60s, [&] { return grid.journal_records(grid.nodes[1]) == 1; }));
  grid.slots.open(slot);
  REQUIRE(grid.run_until_true(30s, [&] { return grid.copies_of(user, letter) == 1; }));
  grid.run(60s);
  for (const auto& node : grid.nodes) CHECK(grid.journal_records(node) == 0);
  CHECK(grid.copies_of(user, letter) == 1);
}

TEST_CASE("a single node takes nothing in that wants two copies") {
  MemoryGrid grid(9, 1);
  const auto user = grid.add_user("a@example.org");
  grid.slots.close(grid.slots.slot_for(user.view()));
  CHECK(!grid.deliver(grid.nodes[0], {user}, letter));
}

TEST_CASE("a slot that is alive and slow is waited for, and intake is left alone") {
  MemoryGrid grid(10);
  const auto user = grid.add_user("a@example.org");
  grid.slots.set_slow({grid.slots.slot_for(user.view())});
  const auto outcome = grid.deliver(grid.nodes[0], {user}, letter);
  REQUIRE(!outcome);
  CHECK(outcome.error().temporary());
  for (const auto& node : grid.nodes) CHECK(grid.journal_records(node) == 0);
}

TEST_CASE("who has the message does not get it again since another's slot is slow") {
  MemoryGrid grid(12);
  const auto quick = grid.add_user("a@example.org");
  auto slow = grid.add_user("b@example.org");
  for (int i = 0; grid.slots.slot_for(slow.view()) == grid.slots.slot_for(quick.view()); ++i)
    slow = grid.add_user("b" + std::to_string(i) + "@example.org");
  grid.slots.set_slow({grid.slots.slot_for(slow.view())});
  CHECK(grid.deliver(grid.nodes[0], {quick, slow}, letter));
  CHECK(grid.copies_of(quick, letter) == 1);
  CHECK(grid.copies_of(slow, letter) == 0);
  grid.slots.set_slow({});
  REQUIRE(grid.run_until_true(30s, [&] { return grid.copies_of(slow, letter) == 1; }));
  grid.run(60s);
  CHECK(grid.copies_of(quick, letter) == 1);
}

TEST_CASE(
    "one recipient's other failure refuses the whole transaction over SMTP, and only that one over LMTP") {
  MemoryGrid grid(11);
  const auto a = grid.add_user("a@example.org");
  const auto b = grid.add_user("b@example.org");
  if (grid.slots.slot_for(a.view()) == grid.slots.slot_for(b.view())) return;
  grid.slots.close(grid.slots.slot_for(a.view()));
  grid.mailboxes.fail_with(Errc::no_space);
  CHECK(!grid.deliver(grid.nodes[0], {a, b}, letter));
  const auto outcomes = grid.run_to_end(
      grid.fronts.at(grid.nodes[0])->delivery.deliver_each(MemoryGrid::message({a, b}, letter)));
  REQUIRE(outcomes.size() == 2);
  CHECK(outcomes[0]);
  CHECK(!outcomes[1]);
}

TEST_CASE("over 64 recipients become one queue entry that is handed out to each once") {
  MemoryGrid grid(12);
  std::vector<UserId> users;
  for (int i = 0; i < 100; ++i) users.push_back(grid.add_user("u" + std::to_string(i) + "@example.org"));
  const std::string body = "Subject: all\r\n\r\n" + std::string(700'000, 'x') + "\r\n";
  REQUIRE(grid.deliver(grid.nodes[0], users, body));
  REQUIRE(grid.run_until_true(60s, [&] {
    return std::all_of(users.begin(), users.end(),
                       [&](UserId user) { return grid.copies_of(user, body) == 1; });
  }));
  grid.run(5s);
  std::size_t left = 0;
  for (const auto& [key, value] : grid.slots.store().contents(Family::body))
    left += key.size() > 5 && key[4] == 'q';
  CHECK(left == 0);  // chunks are swept
}

TEST_CASE("a queue entry waits for users whose slots are down, and survives its own slot's failover") {
  MemoryGrid grid(13);
  std::vector<UserId> users;
  for (int i = 0; i < 70; ++i) users.push_back(grid.add_user("u" + std::to_string(i) + "@example.org"));
  const auto down = grid.slots.slot_for(users.front().view());
  grid.slots.close(down);
  grid.slots.faults.commit_breaks = 0.2;
  REQUIRE(grid.deliver(grid.nodes[0], users, letter));
  grid.run(20s);
  grid.slots.open(down);
  REQUIRE(grid.run_until_true(300s, [&] {
    return std::all_of(users.begin(), users.end(),
                       [&](UserId user) { return grid.copies_of(user, letter) == 1; });
  }));
}

namespace {

void replace_partner(std::uint64_t seed, std::size_t nodes) {
  MemoryGrid grid(seed, nodes);
  const auto user = grid.add_user("a@example.org");
  const auto slot = grid.slots.slot_for(user.view());
  grid.slots.close(slot);
  REQUIRE(grid.deliver(grid.nodes[0], {user}, letter));
  grid.run(200ms);
  for (std::size_t i = 1; i < nodes; ++i) {
    if (grid.journal_records(grid.nodes[i]) == 1) {
      grid.disk_of(grid.nodes[i]).wipe();
      grid.crash(grid.nodes[i]);
      break;
    }
  }
  grid.run(60s);
  grid.crash(grid.nodes[0]);  // for good: its new partner must have it
  grid.slots.open(slot);
  REQUIRE(grid.run_until_true(60s, [&] { return grid.copies_of(user, letter) == 1; }));
}

}  // namespace

TEST_CASE("the holder's partner is replaced when it is gone, also by a node that was asked before in vain") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    replace_partner(seed, 3);
    replace_partner(seed, 4);
  }
}

TEST_CASE("records over 14 days old are listed and never delivered by themselves") {
  MemoryGrid grid(15);
  const auto user = grid.add_user("a@example.org");
  const auto slot = grid.slots.slot_for(user.view());
  grid.slots.close(slot);
  REQUIRE(grid.deliver(grid.nodes[0], {user}, letter));
  for (const auto& node : grid.nodes) grid.crash(node);
  grid.clock.set_now(grid.clock.now() + 15 * 24h);
  for (const auto& node : grid.nodes) grid.start(node);
  grid.slots.open(slot);
  grid.run(120s);
  CHECK(grid.copies_of(user, letter) == 0);
  const auto list = grid.run_to_end(grid.fronts.at(grid.nodes[0])->intake.list());
  REQUIRE(list.size() == 1);
  CHECK(list.front().last_error().find("14 days") != std::string::npos);
  CHECK(list.front().waiting_size() == 1);
  const auto id = *IntakeId::from_bytes(list.front().entry());
  REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[2])->intake.retry(id)));
  REQUIRE(grid.run_until_true(60s, [&] { return grid.copies_of(user, letter) == 1; }));
}

TEST_CASE("an intake record is listed once and removed from both its holders, asked for on any node") {
  MemoryGrid grid(16);
  const auto user = grid.add_user("a@example.org");
  const auto slot = grid.slots.slot_for(user.view());
  grid.slots.close(slot);
  REQUIRE(grid.deliver(grid.nodes[0], {user}, letter));
  for (const auto& node : grid.nodes) {
    const auto list = grid.run_to_end(grid.fronts.at(node)->intake.list());
    REQUIRE(list.size() == 1);
    CHECK(list.front().waiting(0).find("@example.org") != std::string::npos);
    const auto id = *IntakeId::from_bytes(list.front().entry());
    if (node != grid.nodes[2]) continue;
    REQUIRE(grid.run_to_end(grid.fronts.at(node)->intake.remove(id)));
    CHECK(grid.run_to_end(grid.fronts.at(node)->intake.remove(id)).error().code == Errc::not_found);
  }
  for (const auto& node : grid.nodes) CHECK(grid.journal_records(node) == 0);
  grid.slots.open(slot);
  grid.run(60s);
  CHECK(grid.copies_of(user, letter) == 0);
}

TEST_CASE("a queue entry is listed with who waits and why, handed out at once when retried, or dropped") {
  MemoryGrid grid(17);
  std::vector<UserId> users;
  for (int i = 0; i < 70; ++i) users.push_back(grid.add_user("u" + std::to_string(i) + "@example.org"));
  const auto away = grid.slots.slot_for(users.front().view());
  const auto submit_and_find = [&](const std::string& body) {
    grid.slots.close(away);
    REQUIRE(grid.deliver(grid.nodes[0], users, body));
    grid.run(120s);
    std::vector<queue::Summary> found;
    for (SlotId slot = 0; slot < MemorySlots::slot_count; ++slot) {
      if (slot == away) continue;
      const auto listing = grid.run_to_end(grid.queue_client.list(slot, {}));
      REQUIRE(listing);
      for (const auto& entry : listing->entries()) found.push_back(entry);
    }
    return found;
  };
  auto found = submit_and_find(letter);
  REQUIRE(found.size() == 1);  // with this seed the entry lies in a slot that is there
  CHECK(found[0].recipients() == 70);
  CHECK(found[0].left() == static_cast<std::uint32_t>(found[0].waiting_size()));
  CHECK(found[0].attempts() > 0);
  CHECK(!found[0].last_error().empty());
  grid.slots.open(away);
  const auto id = *QueueEntryId::from_bytes(found[0].entry());
  REQUIRE(grid.run_to_end(grid.queue_client.retry(id, {})));
  CHECK(grid.run_until_true(1s, [&] { return grid.copies_of(users.front(), letter) == 1; }));
  grid.run(5s);
  CHECK(grid.run_to_end(grid.queue_client.retry(id, {})).error().code == Errc::not_found);

  found = submit_and_find("Subject: another\r\n\r\n");
  REQUIRE(found.size() == 1);
  const auto other = *QueueEntryId::from_bytes(found[0].entry());
  REQUIRE(grid.run_to_end(grid.queue_client.remove(other, {})));
  CHECK(grid.run_to_end(grid.queue_client.remove(other, {})).error().code == Errc::not_found);
  grid.slots.open(away);
  grid.run(60s);
  CHECK(grid.copies_of(users.front(), "Subject: another\r\n\r\n") == 0);
}

TEST_CASE("crashes, lost messages and failovers at any step lose and double nothing that was accepted") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    MemoryGrid grid(seed * 7919);
    auto& random = grid.random;
    grid.network.faults.loss = 0.1;
    grid.network.faults.duplicates = 0.1;
    grid.network.faults.delay_max = 60ms;
    grid.slots.faults.commit_breaks = 0.05;
    grid.slots.faults.answer_lost = 0.1;
    std::vector<UserId> users;
    for (int i = 0; i < 6; ++i) users.push_back(grid.add_user("u" + std::to_string(i) + "@example.org"));

    std::vector<std::shared_ptr<Sent>> all;
    for (int step = 0; step < 25; ++step) {
      if (random.chance(0.3)) grid.slots.close(static_cast<SlotId>(random.below(MemorySlots::slot_count)));
      if (random.chance(0.3)) grid.slots.open(static_cast<SlotId>(random.below(MemorySlots::slot_count)));
      const auto front = grid.nodes[random.below(grid.nodes.size())];
      if (!grid.fronts.contains(front)) {
        if (random.chance(0.6)) grid.start(front);
        continue;
      }
      auto sent = std::make_shared<Sent>();
      sent->body =
          "Subject: " + std::to_string(step) + "\r\n\r\n" + std::string(random.below(600'000), 'x') + "\r\n";
      for (const auto& user : users) {
        if (random.chance(0.4)) sent->to.push_back(user);
      }
      if (sent->to.empty()) continue;
      all.push_back(sent);
      auto& life = *grid.fronts.at(front);
      life.sessions.spawn(grid.context.get_executor(), "client", send(life.delivery, sent));
      grid.run(std::chrono::milliseconds(random.below(800)));
      if (random.chance(0.15)) grid.crash(front);
    }
    grid.network.faults = {};
    grid.slots.faults = {};
    for (const auto& node : grid.nodes) {
      if (!grid.fronts.contains(node)) grid.start(node);
    }
    grid.slots.open_all();
    grid.run(300s);
    for (const auto& sent : all) {
      for (const auto& user : sent->to) {
        const auto copies = grid.copies_of(user, sent->body);
        if (sent->accepted) {
          CHECK(copies == 1);
        } else {
          CHECK(copies <= 1);
        }
      }
    }
    for (const auto& node : grid.nodes) CHECK(grid.journal_records(node) == 0);
  }
}
