#include <algorithm>

#include "node/services/limits/usage_limits.hpp"
#include "storage/directory/default_limits.hpp"
#include "storage/directory/record_condition.hpp"
#include "tests/unit/directory/memory_directory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

TEST_CASE("a new grid has a postmaster, whom nobody can log in as and who cannot be removed") {
  MemoryDirectoryGrid dir;
  const auto postmaster = dir.grid.run_to_end(dir.grid.view.postmaster());
  REQUIRE(postmaster);
  CHECK(postmaster->address() == "postmaster");
  CHECK(!postmaster->can_log_in());
  CHECK(dir.refused(dir.client.remove_user(*UserId::from_bytes(postmaster->id()))) == Errc::conflict);
  dir.grid.slots.open(dir.directory_slot());  // a later opening makes no second one
  dir.grid.run(100ms);
  dir.follow();
  CHECK(dir.grid.run_to_end(dir.grid.view.postmaster())->id() == postmaster->id());
}

TEST_CASE("domains: added once, removed only when no address is left in them") {
  MemoryDirectoryGrid dir;
  dir.done(dir.client.add_domain("example.org"));
  CHECK(dir.refused(dir.client.add_domain("example.org")) == Errc::already_exists);
  CHECK(dir.refused(dir.client.add_domain("a@b")) == Errc::invalid);
  const auto id = draw_id<UserId>(dir.grid.random);
  dir.done(dir.client.add_user(id, "a@example.org", "", true));
  CHECK(dir.refused(dir.client.remove_domain("example.org")) == Errc::conflict);
  dir.done(dir.client.remove_user(id));
  dir.done(dir.client.remove_domain("example.org"));
  CHECK(dir.refused(dir.client.remove_domain("example.org")) == Errc::not_found);
}

TEST_CASE("users: an address has one owner, an id is used once, a removed user leaves a tombstone") {
  MemoryDirectoryGrid dir;
  dir.done(dir.client.add_domain("example.org"));
  const auto id = draw_id<UserId>(dir.grid.random);
  const auto other = draw_id<UserId>(dir.grid.random);
  CHECK(dir.refused(dir.client.add_user(id, "a@example.com", "", true)) == Errc::not_found);
  CHECK(dir.refused(dir.client.add_user(id, "nobody", "", true)) == Errc::invalid);
  dir.done(dir.client.add_user(id, "a@example.org", "", true));
  dir.done(dir.client.add_user(id, "a@example.org", "", true));  // the same wish again
  CHECK(dir.refused(dir.client.add_user(other, "a@example.org", "", true)) == Errc::already_exists);
  dir.done(dir.client.add_alias("b@example.org", id));
  CHECK(dir.refused(dir.client.add_user(other, "b@example.org", "", true)) == Errc::already_exists);
  CHECK(dir.refused(dir.client.remove_alias("a@example.org")) == Errc::not_found);
  dir.done(dir.client.add_user(other, "other@example.org", "", true));
  CHECK(dir.refused(dir.client.add_alias("b@example.org", other)) == Errc::already_exists);
  dir.done(dir.client.add_alias("b@example.org", other, true));
  CHECK(dir.grid.run_to_end(dir.grid.view.resolve("b@example.org")).value().id() == other.bytes());
  CHECK(dir.refused(dir.client.add_alias("a@example.org", other, true)) == Errc::already_exists);
  dir.done(dir.client.add_alias("b@example.org", id, true));
  CHECK(dir.grid.run_to_end(dir.grid.view.resolve("b@example.org")).value().id() == id.bytes());
  dir.done(dir.client.add_alias("d@example.org", id, true));
  dir.done(dir.client.remove_user(other));
  dir.done(dir.client.remove_user(id));
  CHECK(dir.refused(dir.client.add_user(id, "c@example.org", "", true)) == Errc::already_exists);
  CHECK(!dir.grid.run_to_end(dir.grid.view.resolve("b@example.org")));
  const auto tombstones = dir.grid.run_to_end(dir.grid.view.tombstones());
  REQUIRE(tombstones);
  REQUIRE(tombstones->size() == 2);
  dir.done(dir.client.add_user(draw_id<UserId>(dir.grid.random), "a@example.org", "", true));  // another user
}

TEST_CASE("a change with a condition is made only while the record is as it was read") {
  MemoryDirectoryGrid dir;
  dir.done(dir.client.add_domain("example.org"));
  const auto key = DirectoryKeys::tail_of(DirectoryKeys(dir.directory_slot()).domain("example.org"));
  const auto seen = dir.grid.run_to_end(dir.grid.view.stored(key));
  REQUIRE(seen);
  directory::ExpectedRecord expected;
  expected.set_key(key);
  expected.add_digests("something else");
  auto refused = dir.client.expecting(expected);
  const auto answer = dir.grid.run_to_end(refused.remove_domain("example.org"));
  REQUIRE(!answer);
  CHECK(answer.error().code == Errc::conflict);
  CHECK(answer.error().text == record_changed);
  expected.add_digests(digest_of_record(*seen));
  auto allowed = dir.client.expecting(expected);
  directory::Change change;
  change.mutable_set_catch_all()->set_domain("example.org");
  change.mutable_set_catch_all()->set_address("who@elsewhere.test");
  dir.done(allowed.change(change));
  auto late = dir.client.expecting(expected);  // it is another record by now
  CHECK(dir.refused(late.remove_domain("example.org")) == Errc::conflict);
  dir.done(dir.client.remove_domain("example.org"));
  CHECK(dir.refused(late.add_domain("example.org")) == Errc::conflict);  // or none
}

TEST_CASE("a change is made only while a record is there, or while it is not") {
  MemoryDirectoryGrid dir;
  directory::ExpectedRecord there;
  there.set_key(DirectoryKeys::tail_of(DirectoryKeys(dir.directory_slot()).domain("example.org")));
  auto absent = there;
  absent.set_negated(true);
  auto on_there = dir.client.expecting(there), on_absent = dir.client.expecting(absent);
  CHECK(dir.refused(on_there.add_domain("other.org")) == Errc::conflict);
  dir.done(on_absent.add_domain("example.org"));
  auto no_more_absent = dir.client.expecting(absent);
  CHECK(dir.refused(no_more_absent.add_domain("other.org")) == Errc::conflict);
  auto now_there = dir.client.expecting(there);
  dir.done(now_there.add_domain("other.org"));
}

TEST_CASE("a change whose answer was lost is applied once, through any number of failovers") {
  MemoryDirectoryGrid dir(7);
  dir.done(dir.client.add_domain("example.org"));
  dir.grid.slots.faults.answer_lost = 0.4;
  dir.grid.slots.faults.commit_breaks = 0.3;
  for (int i = 0; i < 30; ++i) {
    const auto address = "u" + std::to_string(i) + "@example.org";
    dir.done(dir.client.add_user(draw_id<UserId>(dir.grid.random), address, "", true));
    dir.done(dir.client.add_alias(
        "x" + address, *UserId::from_bytes(dir.grid.run_to_end(dir.grid.view.resolve(address))->id())));
    dir.done(dir.client.remove_alias("x" + address));  // a second time would be not_found
  }
}

namespace {

/// Adds all of them at once; why each was refused, if it was.
std::vector<std::optional<Errc>> add_together(MemoryDirectoryGrid& dir,
                                              const std::vector<std::string>& addresses) {
  std::vector<std::optional<Result<AppliedChange>>> answers(addresses.size());
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    asio::co_spawn(dir.grid.context,
                   dir.client.add_user(draw_id<UserId>(dir.grid.random), addresses[i], "", true),
                   [&answers, i](std::exception_ptr failure, Result<AppliedChange> answer) {
                     REQUIRE(!failure);
                     answers[i] = std::move(answer);
                   });
  }
  const auto all_answered = [&] {
    return std::all_of(answers.begin(), answers.end(), [](const auto& answer) { return answer.has_value(); });
  };
  REQUIRE(dir.grid.run_until_true(60s, all_answered));
  dir.follow();
  std::vector<std::optional<Errc>> refusals;
  for (const auto& answer : answers)
    refusals.push_back(*answer ? std::nullopt : std::optional(answer->error().code));
  return refusals;
}

}  // namespace

TEST_CASE("changes that come together are committed together, each seeing the ones before it") {
  MemoryDirectoryGrid dir;
  dir.done(dir.client.add_domain("example.org"));
  std::vector<std::string> addresses;
  for (int i = 0; i < 200; ++i) addresses.push_back("u" + std::to_string(i) + "@example.org");
  addresses[50] = "u49@example.org";  // in the same operation as its namesake
  addresses[51] = "u51@example.net";
  const auto before = dir.grid.slots.commits();
  const auto refusals = add_together(dir, addresses);
  CHECK(dir.grid.slots.commits() - before <= 6);
  for (std::size_t i = 0; i < refusals.size(); ++i) {
    CAPTURE(i);
    CHECK(refusals[i] == (i == 50   ? std::optional(Errc::already_exists)
                          : i == 51 ? std::optional(Errc::not_found)
                                    : std::nullopt));
    const bool is_there = dir.grid.run_to_end(dir.grid.view.resolve(addresses[i])).has_value();
    CHECK(is_there == (i != 51));
  }
}

TEST_CASE("changes that come together are made once each, through failovers in the middle") {
  MemoryDirectoryGrid dir(11);
  dir.done(dir.client.add_domain("example.org"));
  dir.grid.slots.faults.answer_lost = 0.3;
  dir.grid.slots.faults.commit_breaks = 0.5;
  std::vector<std::string> addresses;
  for (int i = 0; i < 100; ++i) addresses.push_back("u" + std::to_string(i) + "@example.org");
  for (const auto& refusal : add_together(dir, addresses)) CHECK(!refusal);
  for (const auto& address : addresses) CHECK(dir.grid.run_to_end(dir.grid.view.resolve(address)));
}

TEST_CASE("old GUIDs of changes are forgotten") {
  MemoryDirectoryGrid dir;
  for (int i = 0; i < 40; ++i) dir.done(dir.client.add_domain("d" + std::to_string(i) + ".example"));
  dir.grid.clock.set_now(dir.grid.clock.now() + 20min);
  for (int i = 40; i < 50; ++i) dir.done(dir.client.add_domain("d" + std::to_string(i) + ".example"));
  const Bytes prefix = slot_key(dir.directory_slot(), 'd', "g");
  std::size_t guids = 0;
  for (const auto& [key, value] : dir.grid.slots.store().contents(Family::meta)) {
    guids += key.compare(0, prefix.size(), prefix) == 0;
  }
  CHECK(guids <= 10);
}

TEST_CASE("the answer names the members that have not applied a change") {
  MemoryDirectoryGrid dir;
  dir.lagging = {draw_id<NodeId>(dir.grid.random)};
  CHECK(dir.done(dir.client.add_domain("example.org")).lagging == dir.lagging);
}

TEST_CASE("a join token lets one node in, until it expires") {
  MemoryDirectoryGrid dir;
  const auto node = draw_id<NodeId>(dir.grid.random);
  const auto other = draw_id<NodeId>(dir.grid.random);
  const auto hour = 3'600'000'000LL;
  CHECK(dir.refused(dir.client.use_join_token("unknown", node)) == Errc::denied);
  dir.done(dir.client.add_join_token("secret", dir.grid.clock.wall() + hour));
  dir.done(dir.client.use_join_token("secret", node));
  dir.done(dir.client.use_join_token("secret", node));  // its answer may have been lost
  CHECK(dir.refused(dir.client.use_join_token("secret", other)) == Errc::denied);
  dir.done(dir.client.add_join_token("late", dir.grid.clock.wall() + hour));
  dir.grid.clock.set_now(dir.grid.clock.now() + 2h);
  CHECK(dir.refused(dir.client.use_join_token("late", node)) == Errc::denied);
}

TEST_CASE("a join token that is removed lets nobody in, and one that expired long ago is forgotten") {
  MemoryDirectoryGrid dir;
  const auto node = draw_id<NodeId>(dir.grid.random);
  const auto ids = [&] {
    const auto records = dir.grid.run_to_end(dir.grid.view.join_tokens());
    REQUIRE(records);
    std::vector<Bytes> found;
    for (const auto& record : *records) found.push_back(record.id());
    return found;
  };
  dir.done(dir.client.add_join_token("secret", dir.grid.clock.wall() + 3'600'000'000LL));
  REQUIRE(ids().size() == 1);
  const Bytes first = ids().front();
  dir.done(dir.client.remove_join_token(first));
  CHECK(dir.refused(dir.client.use_join_token("secret", node)) == Errc::denied);
  CHECK(dir.refused(dir.client.remove_join_token(first)) == Errc::not_found);
  dir.done(dir.client.add_join_token("old", dir.grid.clock.wall() + 1));
  dir.grid.clock.set_now(dir.grid.clock.now() + 24h * 31);
  dir.done(dir.client.add_join_token("new", dir.grid.clock.wall() + 3'600'000'000LL));
  CHECK(ids().size() == 1);
}

TEST_CASE("a route is set, replaced and removed, and never for a domain of ours") {
  MemoryDirectoryGrid dir;
  dir.done(dir.client.add_domain("example.org"));
  const auto set = [&](const std::string& domain, directory::Route::Kind kind, const std::string& host) {
    directory::Change change;
    auto& route = *change.mutable_set_route()->mutable_route();
    route.set_domain(domain);
    route.set_kind(kind);
    route.set_host(host);
    route.set_port(24);
    return dir.client.change(std::move(change));
  };
  dir.done(set("far.example", directory::Route::LMTP, "store.example"));
  dir.done(set("far.example", directory::Route::SMTP, "relay.example"));
  CHECK(dir.refused(set("example.org", directory::Route::SMTP, "relay.example")) == Errc::conflict);
  CHECK(dir.refused(set("near.example", directory::Route::SMTP, "")) == Errc::invalid);
  CHECK(dir.refused(set("not a domain", directory::Route::MX, "")) == Errc::invalid);
  const auto routes = dir.grid.run_to_end(dir.grid.view.routes());
  REQUIRE(routes);
  REQUIRE(routes->size() == 1);
  CHECK(routes->front().host() == "relay.example");
  const auto remove = [&] {
    directory::Change change;
    change.mutable_remove_route()->set_domain("far.example");
    return dir.client.change(std::move(change));
  };
  dir.done(remove());
  CHECK(dir.refused(remove()) == Errc::not_found);
  CHECK(dir.grid.run_to_end(dir.grid.view.route("far.example")).error().code == Errc::not_found);
}

TEST_CASE("what is removed and made again under its name never has an earlier one's version") {
  MemoryDirectoryGrid dir;
  const auto put = [&](std::uint64_t expected_version) {
    directory::Change change;
    change.mutable_put_certificate()->mutable_certificate()->set_name("mail.example.org");
    change.mutable_put_certificate()->set_expected_version(expected_version);
    return dir.client.change(std::move(change));
  };
  const auto version = [&] {
    const auto all = dir.grid.run_to_end(dir.grid.view.certificates());
    REQUIRE(all);
    REQUIRE(all->size() == 1);
    return all->front().version();
  };
  dir.done(put(0));
  const auto first = version();
  dir.done(put(first));
  const auto second = version();
  CHECK(second > first);
  CHECK(dir.refused(put(first)) == Errc::conflict);
  dir.grid.run(1s);
  directory::Change removal;
  removal.mutable_remove_certificate()->set_name("mail.example.org");
  dir.done(dir.client.change(removal));
  dir.done(put(0));
  CHECK(version() > second);
}

TEST_CASE("log-ins that fail are limited unless administrators have said otherwise") {
  MemoryDirectoryGrid dir;
  const auto limits = [&] {
    const auto settings = dir.grid.run_to_end(dir.grid.view.settings());
    REQUIRE(settings);
    return settings->limits();
  };
  CHECK(limits() == default_limits);
  const auto table = LimitTable::parse(default_limits);
  REQUIRE(table);
  CHECK(table->text() == default_limits);
  UsageLimits usage(dir.grid.clock);
  usage.set(*table);
  const std::string guesser = "192.0.2.7", own = "127.0.0.1";
  for (int i = 0; i < 100; ++i) {
    CHECK(usage.may(Counted::failed_log_ins, {guesser, {}}));
    for (const auto* address : {&guesser, &own}) usage.count(Counted::failed_log_ins, {*address, {}});
  }
  CHECK(!usage.may(Counted::failed_log_ins, {guesser, {}}));
  CHECK(usage.may(Counted::failed_log_ins, {own, {}}));
  directory::Change change;
  change.mutable_set_limits()->set_limits("none");
  dir.done(dir.client.change(change));
  CHECK(limits() == "none");
  const auto noted = dir.grid.run_to_end(dir.grid.view.audit(UINT64_MAX, 1));
  REQUIRE(noted);
  CHECK(noted->front().before() == default_limits);
  CHECK(noted->front().after() == "none");
}
