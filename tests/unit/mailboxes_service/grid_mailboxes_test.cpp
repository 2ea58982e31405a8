// The Mailboxes port over one slot in memory, as IMAP and POP3 sessions use it.
#include "node/services/mailboxes/grid_mailboxes.hpp"

#include "protocols/mime/structure_codec.hpp"
#include "tests/unit/mailbox/mailbox_grid.hpp"

namespace gridmail::test {
namespace {

struct Fixture {
  Fixture() { settings.directory = std::filesystem::temp_directory_path(); }
  ports::AppendOutcome append(const Bytes& message, std::string name = "INBOX") {
    auto spool = mailboxes.begin_message();
    for (std::size_t at = 0; at < message.size(); at += 50'000) {
      REQUIRE(spool->append(BytesView(message).substr(at, 50'000)));
    }
    return grid.must(
        mailboxes.append(grid.user, std::move(name), {1, {"Note"}}, 1'000'000, -120, std::move(spool)));
  }
  /// Pushes reach the listener as they would over the network.
  void carry_pushes() {
    for (const auto& [to, push] : grid.pushes.sent) listener.on_push({}, push.SerializeAsString());
    grid.pushes.sent.clear();
  }
  MailboxId inbox() { return grid.must(mailboxes.status(grid.user, "INBOX")).id; }

  MailboxGrid grid;
  SpoolSettings settings;
  Spools spools{settings};
  ChangeListener listener;
  GridMailboxes mailboxes{{grid.client, spools, listener, grid.clock}};
};

TEST_CASE("an appended message is parsed once and comes back with its structure, flags and date") {
  Fixture f;
  const Bytes message = "Subject: Hello\r\nFrom: a@example.test\r\n\r\nbody\r\n";
  const auto outcome = f.append(message);
  CHECK(outcome.uid == 1);
  const auto opened = f.grid.must(f.mailboxes.open(f.grid.user, "inbox", false));
  CHECK(opened.name == "INBOX");
  CHECK(opened.status.uid_validity == outcome.uid_validity);
  CHECK(opened.keywords == std::vector<std::string>{"Note"});
  CHECK(opened.first_unseen == 0);
  const auto entries = f.grid.must(f.mailboxes.entries(f.grid.user, opened.status.id, opened.uids));
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].flags == ports::Flags{1, {"Note"}});
  CHECK(entries[0].internal_date == 1'000'000);
  CHECK(entries[0].zone_minutes == -120);
  CHECK(entries[0].size == message.size());
  CHECK(f.grid.must(f.mailboxes.read(f.grid.user, {{entries[0].email, 0, 1000}})).at(0) == message);
  const auto structures = f.grid.must(f.mailboxes.structures(f.grid.user, {entries[0].email}));
  const auto structure = mime::decode(structures.at(0).second);
  REQUIRE(structure);
  CHECK(structure->message().envelope.subject == "Hello");
}

TEST_CASE("a long message goes by a file and by chunks, and comes back byte for byte") {
  Fixture f;
  Bytes message = "Subject: long\r\n\r\n";
  while (message.size() < 2'000'000) message += "line " + std::to_string(message.size()) + "\r\n";
  f.append(message);
  const auto entries = f.grid.must(f.mailboxes.entries(f.grid.user, f.inbox(), MailboxGrid::set_of({1})));
  CHECK(f.grid.content(entries.at(0).email) == message);
  CHECK(f.spools.bytes_in_flight() == 0);
}

TEST_CASE("COPY answers pairs of UIDs, STORE entries and what is missing, EXPUNGE what is gone") {
  Fixture f;
  for (int i = 0; i < 3; ++i) f.append("x");
  const auto box = f.inbox();
  const auto copied = f.grid.must(f.mailboxes.copy(f.grid.user, box, MailboxGrid::set_of({1, 3}), "Sent"));
  CHECK(copied.uids == std::vector<std::pair<Uid, Uid>>{{1, 1}, {3, 2}});
  const auto stored = f.grid.must(f.mailboxes.store(f.grid.user, box, MailboxGrid::range(3, 4),
                                                    ports::FlagChange::add, {ports::Flag::deleted, {}}));
  CHECK(stored.entries.at(0).flags == ports::Flags{9, {"Note"}});
  CHECK(stored.missing == MailboxGrid::set_of({4}));
  CHECK(f.grid.must(f.mailboxes.expunge(f.grid.user, box, MailboxGrid::range(1, 3), true)) ==
        MailboxGrid::set_of({3}));
  const auto changes = f.grid.must(f.mailboxes.changes(f.grid.user, box, 1, true));
  CHECK(changes.expunged == MailboxGrid::set_of({3}));
  CHECK(changes.changed.size() == 2);
  CHECK(!changes.complete);
  CHECK(changes.recent_from == 1);
  const auto past = f.grid.must(f.mailboxes.expunged_entries(f.grid.user, box, MailboxGrid::range(1, 9)));
  REQUIRE(past.size() == 1);
  CHECK(past[0].uid == 3);
  CHECK(past[0].flags == ports::Flags{9, {"Note"}});
  const auto names = f.grid.must(f.mailboxes.list(f.grid.user));
  CHECK(names.size() == 6);
  CHECK(names.front().use == ports::SpecialUse::archive);
}

TEST_CASE("an idle session wakes within moments of a change") {
  Fixture f;
  const auto box = f.inbox();
  const auto now = f.grid.must(f.mailboxes.status(f.grid.user, "INBOX")).highest_modseq;
  const auto begun = f.grid.clock.now();
  std::optional<Result<void>> woken;
  f.grid.spawn<Result<void>>(
      f.mailboxes.wait_for_change(f.grid.user, box, now, begun + std::chrono::minutes(29)),
      [&](Result<void> result) { woken = std::move(result); });
  run_for(f.grid.context, f.grid.clock, std::chrono::seconds(5));
  CHECK(!woken);
  CHECK(f.listener.size() == 1);
  f.grid.deliver("new");
  f.carry_pushes();
  CHECK(run_for(f.grid.context, f.grid.clock, std::chrono::seconds(1), [&] { return woken.has_value(); }));
  CHECK(f.listener.size() == 0);
}

TEST_CASE("a lost push costs an idle session half a minute, no more") {
  Fixture f;
  const auto box = f.inbox();
  const auto now = f.grid.must(f.mailboxes.status(f.grid.user, "INBOX")).highest_modseq;
  std::optional<Result<void>> woken;
  f.grid.spawn<Result<void>>(
      f.mailboxes.wait_for_change(f.grid.user, box, now, f.grid.clock.now() + std::chrono::minutes(29)),
      [&](Result<void> result) { woken = std::move(result); });
  run_for(f.grid.context, f.grid.clock, std::chrono::seconds(5));
  f.grid.deliver("new");
  CHECK(run_for(f.grid.context, f.grid.clock, std::chrono::seconds(31), [&] { return woken.has_value(); }));
}

TEST_CASE("an idle session sleeps until its time is up, and follows its mailbox through a failover") {
  Fixture f;
  const auto box = f.inbox();
  const auto now = f.grid.must(f.mailboxes.status(f.grid.user, "INBOX")).highest_modseq;
  const auto map_with = [](Epoch epoch) {
    auto map = std::make_shared<Map>();
    map->rows.resize(8);
    map->rows[7].epoch = epoch;
    return map;
  };
  f.listener.on_map(map_with(1));
  std::optional<Result<void>> woken;
  const auto until = f.grid.clock.now() + std::chrono::minutes(10);
  f.grid.spawn<Result<void>>(f.mailboxes.wait_for_change(f.grid.user, box, now, until),
                             [&](Result<void> result) { woken = std::move(result); });
  run_for(f.grid.context, f.grid.clock, std::chrono::seconds(1));
  f.grid.fail_over();
  f.listener.on_map(map_with(2));
  run_for(f.grid.context, f.grid.clock, std::chrono::seconds(1));
  CHECK(!woken);
  f.grid.deliver("at the new primary");
  f.carry_pushes();
  CHECK(run_for(f.grid.context, f.grid.clock, std::chrono::seconds(1), [&] { return woken.has_value(); }));

  woken.reset();
  const auto later = f.grid.must(f.mailboxes.status(f.grid.user, "INBOX")).highest_modseq;
  f.grid.spawn<Result<void>>(f.mailboxes.wait_for_change(f.grid.user, box, later, until),
                             [&](Result<void> result) { woken = std::move(result); });
  run_until(f.grid.context, f.grid.clock, until - std::chrono::seconds(1));
  CHECK(!woken);
  run_until(f.grid.context, f.grid.clock, until + std::chrono::seconds(1));
  REQUIRE(woken);
  CHECK(*woken);
}

TEST_CASE("waiting for a mailbox that is deleted ends with not_found") {
  Fixture f;
  const auto id = f.grid.id_of("Junk");
  std::optional<Result<void>> woken;
  f.grid.spawn<Result<void>>(
      f.mailboxes.wait_for_change(f.grid.user, id, 99, f.grid.clock.now() + std::chrono::minutes(29)),
      [&](Result<void> result) { woken = std::move(result); });
  run_for(f.grid.context, f.grid.clock, std::chrono::seconds(1));
  f.grid.must(f.mailboxes.remove(f.grid.user, "Junk"));
  f.carry_pushes();
  run_for(f.grid.context, f.grid.clock, std::chrono::seconds(1));
  REQUIRE(woken);
  CHECK(woken->error().code == Errc::not_found);
}

}  // namespace
}  // namespace gridmail::test
