// Failures: a request whose outcome was unknown is sent again and applied once.
#include <fmt/format.h>

#include <deque>

#include "tests/unit/mailbox/mailbox_grid.hpp"

namespace gridmail::test {
namespace {

using mailbox::Store;
using Grid = MailboxGrid;

/// Makes the grid's n-th commit from now fail; the slot then moves to a new epoch.
void fail_commit(Grid& grid, std::size_t n, Fate fate) {
  grid.slots.slot->fate = [n, fate, left = std::make_shared<std::size_t>(n)]() mutable {
    return (*left)-- == 1 ? fate : Fate::normal;
  };
  grid.slots.on_failure = [&grid] { grid.fail_over(); };
}

/// Everything that a client can see, without dates and MODSEQs.
std::string picture(Grid& grid) {
  std::string text;
  const auto listing = grid.must(grid.client.list(grid.user));
  for (const auto& name : listing.names()) {
    text += name.name() + (name.subscribed() ? " subscribed" : "") + "\n";
    if (name.mailbox() == 0) continue;
    const auto opened = grid.open(name.name());
    text += fmt::format("next {} messages {} unseen {} deleted {} bytes {}\n", opened.status().uid_next(),
                        opened.status().messages(), opened.status().unseen(), opened.status().deleted(),
                        opened.status().bytes());
    const auto entries = grid.must(grid.client.entries(grid.user, name.mailbox(), *to_set(opened.uids())));
    for (const auto& entry : entries) {
      text += fmt::format("  {} {} {}\n", entry.uid(), entry.flags().system(),
                          grid.content(*EmailId::from_bytes(entry.email())).size());
    }
  }
  return text;
}

/// A session of changes; answers what they answered.
std::string session(Grid& grid) {
  std::string answers;
  const auto note = [&](const auto& answer) { answers += answer.SerializeAsString() + "\n"; };
  const auto box = grid.id_of();
  note(grid.deliver("first"));
  note(grid.deliver(Bytes(900'000, 'x')));
  note(grid.deliver("third", "Junk"));
  const auto stored = grid.must(grid.client.store(grid.user, box, Grid::range(1, 2), Store::ADD,
                                                  Grid::flags(seen | deleted, {"Later"})));
  answers += std::to_string(stored.entries_size());
  note(grid.must(grid.client.copy(grid.user, box, Grid::range(1, 2), "Archive")));
  note(grid.must(grid.client.move(grid.user, box, Grid::set_of({1}), "Trash")));
  answers += std::to_string(grid.must(grid.client.expunge(grid.user, box, Grid::range(1, 9), true)).count());
  grid.must(grid.client.create(grid.user, "a/b", mailbox::NONE));
  grid.must(grid.client.rename(grid.user, "a", "c"));
  grid.must(grid.client.rename(grid.user, "INBOX", "d"));
  grid.must(grid.client.subscribe(grid.user, "c", true));
  grid.must(grid.client.remove(grid.user, "Junk"));
  return answers;
}

TEST_CASE(
    "whichever commit fails, applied or not, each change is applied exactly once and answers the same") {
  Grid perfect;
  const auto answers = session(perfect);
  const auto seen_then = picture(perfect);
  const auto commits = perfect.slots.slot->commits;
  for (const auto fate : {Fate::lost, Fate::applied_but_unknown}) {
    for (std::size_t n = 1; n < commits; ++n) {
      Grid grid;
      fail_commit(grid, n, fate);
      INFO("commit " << n << (fate == Fate::lost ? " lost" : " applied, but answered unknown"));
      CHECK(session(grid) == answers);
      CHECK(picture(grid) == seen_then);
    }
  }
}

TEST_CASE("a delivery repeated with its GUID days later answers the first outcome, even after EXPUNGE") {
  Grid grid;
  const auto guid = draw_id<Guid>(grid.random);
  const MemoryBody body("once");
  const auto first = grid.must(grid.client.deliver(grid.user, guid, {}, body));
  grid.must(grid.client.expunge(grid.user, first.mailbox(), Grid::set_of({1}), false));
  run_for(grid.context, grid.clock, std::chrono::hours(24 * 20));
  grid.must(grid.client.sweep(grid.user));
  const auto again = grid.must(grid.client.deliver(grid.user, guid, {}, body));
  CHECK(again.SerializeAsString() == first.SerializeAsString());
  CHECK(grid.uids_of().empty());
}

TEST_CASE("records of GUIDs go when they have expired: others' after 15 minutes, deliveries' after 30 days") {
  Grid grid;
  const auto count = [&] {
    std::size_t guids = 0;
    for (const auto& [key, value] : grid.store.contents(Family::meta))
      guids += key[21] == 'G' || key[21] == 'g';
    return guids;
  };
  const auto box = grid.deliver("a").mailbox();
  grid.must(grid.client.store(grid.user, box, Grid::set_of({1}), Store::ADD, Grid::flags(seen)));
  CHECK(count() == 4);
  run_for(grid.context, grid.clock, std::chrono::minutes(16));
  grid.must(grid.client.sweep(grid.user));
  CHECK(count() == 2);
  run_for(grid.context, grid.clock, std::chrono::hours(24 * 30));
  grid.must(grid.client.sweep(grid.user));
  CHECK(count() == 0);
}

TEST_CASE("a clock that jumps makes nothing be applied twice, and forgets nothing") {
  constexpr WallMicros year = WallMicros{365} * 24 * 3600 * 1'000'000;
  for (const auto jump : {year, -year}) {
    Grid grid;
    const auto box = grid.deliver("m").mailbox();
    mailbox::Request request;
    request.set_user(grid.user.bytes());
    request.set_guid(draw_id<Guid>(grid.random).bytes());
    request.mutable_copy()->set_mailbox(box);
    *request.mutable_copy()->mutable_uids() = to_runs(Grid::set_of({1}));
    request.mutable_copy()->set_target("Archive");
    const auto copy = [&] {
      return grid.must(grid.slots.call(7, ServiceId::mailbox, request.SerializeAsString()));
    };
    const auto first = copy();
    grid.must(grid.client.expunge(grid.user, box, Grid::set_of({1}), false));
    grid.clock.jump_wall(jump);
    grid.must(grid.service.sweep(grid.slots.slot));
    grid.fail_over();
    grid.clock.jump_wall(jump);
    grid.must(grid.service.sweep(grid.slots.slot));
    CHECK(copy() == first);
    CHECK(grid.uids_of("Archive").size() == 1);
    CHECK(grid.must(grid.client.expunged_entries(grid.user, box, Grid::set_of({1}))).size() == 1);
  }
}

TEST_CASE("what is kept for a while goes although the slot's primary changes again and again") {
  Grid grid;
  const auto box = grid.deliver("m").mailbox();
  grid.must(grid.client.expunge(grid.user, box, Grid::set_of({1}), false));
  for (int i = 0; i < 4; ++i) {
    CHECK(!grid.store.contents(Family::body).empty());
    grid.must(grid.service.sweep(grid.slots.slot));  // from here on the new primary counts
    run_for(grid.context, grid.clock, std::chrono::minutes(19));
    grid.must(grid.service.sweep(grid.slots.slot));
    grid.fail_over();
  }
  CHECK(grid.store.contents(Family::body).empty());
}

TEST_CASE("a COPY of thousands that breaks is seen by nobody, done again whole, and its remains are swept") {
  Grid grid;
  const auto box = grid.deliver("m").mailbox();
  for (int i = 0; i < 11; ++i)
    grid.must(grid.client.copy(grid.user, box, *to_set(grid.open().uids()), "INBOX"));
  const auto all = *to_set(grid.open().uids());
  REQUIRE(all.count() == 2048);
  std::size_t commits = 0;
  grid.slots.slot->fate = [&] { return ++commits == 3 ? Fate::lost : Fate::normal; };
  std::vector<std::uint64_t> messages;
  grid.slots.on_failure = [&] { grid.fail_over(); };
  const auto copied = grid.must(grid.client.copy(grid.user, box, all, "Archive"));
  CHECK(to_set(copied.target())->count() == 2048);
  CHECK(grid.uids_of("Archive").size() == 2048);
  const auto archive = grid.id_of("Archive");
  CHECK(grid.must(grid.client.entries(grid.user, archive, Grid::range(1, 9999))).size() == 2048);
  CHECK(grid.must(grid.client.changes(grid.user, archive, 0, true)).changed_size() == 2048);
  CHECK(grid.must(grid.client.usage(grid.user)).messages() == 4096);

  grid.must(grid.client.sweep(grid.user));
  std::size_t entries = 0;
  for (const auto& [key, value] : grid.store.contents(Family::meta)) {
    entries += key[21] == 'E';
    if (key[21] != 'R') continue;
    mailbox::EmailRecord email;
    REQUIRE(email.ParseFromString(value));
    CHECK(email.uses() == 4096);
  }
  CHECK(entries == 4096);
}

TEST_CASE("deliveries that wait together are committed together, each with an answer of its own") {
  Grid grid;
  const auto before = grid.slots.slot->commits;
  std::vector<Uid> uids;
  std::size_t refused = 0;
  std::deque<MemoryBody> bodies;
  for (int i = 0; i < 8; ++i) {
    bodies.emplace_back("message " + std::to_string(i));
    grid.spawn<Result<mailbox::Added>>(
        grid.client.deliver(grid.user, draw_id<Guid>(grid.random), {}, bodies.back()),
        [&](Result<mailbox::Added> added) { uids.push_back(added ? added->uid() : 0); });
  }
  NewMessage wrong;
  wrong.mailbox = "Missing";
  grid.spawn<Result<mailbox::Added>>(grid.client.append(grid.user, wrong, bodies.back()),
                                     [&](Result<mailbox::Added> added) { refused += !added; });
  REQUIRE(run_for(grid.context, grid.clock, std::chrono::seconds(5),
                  [&] { return uids.size() == 8 && refused == 1; }));
  std::sort(uids.begin(), uids.end());
  CHECK(uids == std::vector<Uid>{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(grid.slots.slot->commits - before <= 2);
}

TEST_CASE("requests too large to share one operation are spread over several") {
  Grid grid;
  const auto before = grid.slots.slot->commits;
  std::deque<MemoryBody> bodies;
  std::size_t done = 0;
  for (int i = 0; i < 8; ++i) {
    bodies.emplace_back(Bytes(300'000, 'x'));
    grid.spawn<Result<mailbox::Added>>(
        grid.client.deliver(grid.user, draw_id<Guid>(grid.random), {}, bodies.back()),
        [&](Result<mailbox::Added> added) { done += added.has_value(); });
  }
  REQUIRE(run_for(grid.context, grid.clock, std::chrono::seconds(5), [&] { return done == 8; }));
  CHECK(grid.slots.slot->commits - before <= 4);
  CHECK(grid.uids_of().size() == 8);
}

TEST_CASE("when the slot is taken away, everybody who waits is told") {
  Grid grid;
  std::deque<MemoryBody> bodies;
  std::size_t done = 0;
  grid.slots.slot->fate = [] { return Fate::lost; };
  grid.slots.on_failure = [&grid] {
    grid.fail_over();
    grid.slots.slot->fate = {};
  };
  for (int i = 0; i < 5; ++i) {
    bodies.emplace_back("x");
    grid.spawn<Result<mailbox::Added>>(
        grid.client.deliver(grid.user, draw_id<Guid>(grid.random), {}, bodies.back()),
        [&](Result<mailbox::Added> added) { done += added.has_value(); });
  }
  REQUIRE(run_for(grid.context, grid.clock, std::chrono::seconds(5), [&] { return done == 5; }));
  CHECK(grid.uids_of().size() == 5);
}

TEST_CASE("a primary without its lease answers nothing, neither reads nor repeated changes") {
  Grid grid;
  grid.deliver("a");
  grid.slots.slot->closed = true;
  mailbox::Request request;
  request.set_user(grid.user.bytes());
  request.mutable_open()->set_name("INBOX");
  const auto answer = grid.run(grid.service.handle(grid.slots.slot, {}, request.SerializeAsString()));
  CHECK(answer.error().code == Errc::not_primary);
}

TEST_CASE("garbage is refused as invalid") {
  Grid grid;
  CHECK(grid.run(grid.service.handle(grid.slots.slot, {}, "\xff\xff\xff")).error().code == Errc::invalid);
  mailbox::Request request;
  request.set_user("short");
  CHECK(grid.run(grid.service.handle(grid.slots.slot, {}, request.SerializeAsString())).error().code ==
        Errc::invalid);
  request.set_user(grid.user.bytes());
  CHECK(grid.run(grid.service.handle(grid.slots.slot, {}, request.SerializeAsString())).error().code ==
        Errc::invalid);
}

TEST_CASE("on a full disk a message is refused, and changes in the same batch are made all the same") {
  Grid grid;
  grid.deliver("first");
  const auto box = grid.id_of();
  grid.slots.slot->full = true;
  const auto store = [&](std::uint32_t flags) {
    return grid.client.store(grid.user, box, Grid::set_of({1}), Store::ADD, Grid::flags(flags));
  };
  std::size_t changed = 0;
  const auto count = [&](const auto& done) { changed += done ? 1 : 0; };
  std::optional<Errc> refused;
  const MemoryBody body("second");
  // The first is on its way while the others gather behind it.
  grid.spawn<Result<mailbox::Stored>>(store(seen), count);
  grid.spawn<Result<mailbox::Added>>(grid.client.deliver(grid.user, draw_id<Guid>(grid.random), {}, body),
                                     [&](const auto& done) {
                                       if (!done) refused = done.error().code;
                                     });
  grid.spawn<Result<mailbox::Stored>>(store(deleted), count);
  REQUIRE(
      run_for(grid.context, grid.clock, std::chrono::minutes(1), [&] { return changed == 2 && refused; }));
  CHECK(refused == Errc::no_space);
  CHECK(grid.must(grid.client.expunge(grid.user, box, Grid::set_of({1}), true)).count() == 1);
}

}  // namespace
}  // namespace gridmail::test
