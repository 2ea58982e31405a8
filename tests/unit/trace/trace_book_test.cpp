// What became of messages: written, found, forgotten, and asked of several nodes.
#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <map>
#include <set>

#include "storage/trace/trace_service.hpp"
#include "tests/support/lossy_network.hpp"
#include "tests/support/memory_store.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

trace::Event received(int number) {
  trace::Event event;
  event.set_what(trace::Event::RECEIVED);
  event.set_id("id" + std::to_string(number));
  event.set_message_id("<M" + std::to_string(number) + "@X.test>");
  event.set_sender("sender@x.test");
  event.add_recipients("User" + std::to_string(number) + "@example.org");
  return event;
}

trace::Event later(int number, trace::Event::What what, const std::string& entry) {
  trace::Event event;
  event.set_what(what);
  event.set_id("id" + std::to_string(number));
  event.set_entry(entry);
  event.add_recipients("user" + std::to_string(number) + "@example.org");
  return event;
}

/// Notes where each scan begins, and each commit.
class WatchedStore final : public Store {
 public:
  explicit WatchedStore(Store& store) : store_(store) {}
  using Store::commit;
  void commit(Batch batch, Done done) override {
    for (const auto& write : batch.writes()) ++writes[write.kind];
    store_.commit(std::move(batch), std::move(done));
  }
  std::shared_ptr<const Snapshot> snapshot() override {
    return std::make_shared<View>(store_.snapshot(), *this);
  }
  [[nodiscard]] std::chrono::nanoseconds stalled_for() const override { return store_.stalled_for(); }

  std::vector<Bytes> scanned_from;
  std::map<Batch::Write::Kind, std::size_t> writes;

 private:
  class View final : public Snapshot {
   public:
    View(std::shared_ptr<const Snapshot> snapshot, WatchedStore& store)
        : snapshot_(std::move(snapshot)), store_(store) {}
    Task<Value> get(Family family, Bytes key) const override { return snapshot_->get(family, key); }
    Task<Result<Page>> scan(Family family, Bytes first, Bytes last, std::size_t pairs_max,
                            std::size_t bytes_max) const override {
      store_.scanned_from.push_back(first);
      return snapshot_->scan(family, first, last, pairs_max, bytes_max);
    }
    Task<Result<std::optional<KeyValue>>> last(Family family, Bytes first, Bytes last) const override {
      return snapshot_->last(family, first, last);
    }

   private:
    std::shared_ptr<const Snapshot> snapshot_;
    WatchedStore& store_;
  };
  Store& store_;
};

struct World {
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr failure, T result) {
      REQUIRE(!failure);
      value.emplace(std::move(result));
    });
    REQUIRE(run_for(context, clock, 1min, [&] { return value.has_value(); }));
    return std::move(*value);
  }
  void wait(Duration duration) { run_for(context, clock, duration); }

  asio::io_context context;
  VirtualClock clock;
  SeededRandom random{1};
  MemoryStore store{clock, random};
  LossyNetwork network{clock, random};
};

/// A trace service on each of several nodes.
struct Services {
  Services(World& in, int count) : world(in) {
    for (int i = 0; i < count; ++i) nodes.push_back(draw_id<NodeId>(world.random));
    for (const auto& node : nodes) {
      stores[node] = std::make_unique<MemoryStore>(world.clock, world.random);
      ports[node] = world.network.attach(node, node.hex());
      surveys[node] = std::make_unique<Survey>(
          Survey::Ports{node, world.context.get_executor(), world.clock, *ports[node], tasks, [this] {
                          return Survey::Members{nodes, {}};
                        }});
      services[node] = std::make_unique<TraceService>(
          TraceService::Ports{world.context.get_executor(), world.clock, *stores[node], *surveys[node]},
          TraceBook::Settings{});
      ports[node]->on_message([&survey = *surveys[node]](NodeId from, std::uint16_t, Bytes payload) {
        survey.on_message(from, std::move(payload));
      });
      REQUIRE(world.run(services[node]->start()));
    }
  }
  void stop() {
    for (auto& [node, service] : services) {
      bool over = false;
      asio::co_spawn(world.context, service->stop(), [&](std::exception_ptr) { over = true; });
      CHECK(run_for(world.context, world.clock, 1min, [&] { return over; }));
    }
  }

  World& world;
  std::vector<NodeId> nodes;
  TaskGroup tasks{"surveys"};
  std::map<NodeId, std::unique_ptr<MemoryStore>> stores;
  std::map<NodeId, std::unique_ptr<Network>> ports;
  std::map<NodeId, std::unique_ptr<Survey>> surveys;
  std::map<NodeId, std::unique_ptr<TraceService>> services;
};

}  // namespace

TEST_CASE("an event is found by id, entry, Message-ID and address, before and after it is written") {
  World world;
  TraceBook book(world.clock, world.store, {});
  for (int i = 0; i < 5; ++i) book.note(received(i));
  book.note(later(3, trace::Event::QUEUED, "00ff"));
  for (int round = 0; round < 2; ++round) {
    for (const std::string term : {"id3", "ID3", "user3@EXAMPLE.org"})
      CHECK(world.run(book.find({term}))->size() == 2);
    for (const std::string term : {"<m3@x.test>", "M3@x.TEST", "00FF"})
      CHECK(world.run(book.find({term}))->size() == 1);
    CHECK(world.run(book.find({"sender@x.test"}))->size() == 5);
    CHECK(world.run(book.find({"nobody@x.test"}))->empty());
    REQUIRE(world.run(book.flush()));
  }
}

TEST_CASE("what is too old is forgotten, and what is too much, the oldest first, also after a restart") {
  World world;
  TraceBook::Settings settings;
  settings.kept = 24h;
  settings.bytes_max = 64 * 1024;
  TraceBook book(world.clock, world.store, settings);
  book.note(received(1));
  REQUIRE(world.run(book.flush()));
  world.wait(25h);
  book.note(received(2));
  REQUIRE(world.run(book.flush()));
  REQUIRE(world.run(book.prune()));
  CHECK(world.run(book.find({"id1"}))->empty());
  CHECK(world.run(book.find({"id2"}))->size() == 1);

  TraceBook restarted(world.clock, world.store, settings);
  REQUIRE(world.run(restarted.load()));
  CHECK(restarted.bytes() == book.bytes());
  for (int i = 10; i < 1010; ++i) {
    restarted.note(received(i));
    world.wait(1ms);
  }
  REQUIRE(world.run(restarted.flush()));
  CHECK(restarted.bytes() > settings.bytes_max);
  REQUIRE(world.run(restarted.prune()));
  CHECK(restarted.bytes() <= settings.bytes_max);
  CHECK(restarted.bytes() > settings.bytes_max / 2);
  CHECK(world.run(restarted.find({"id2"}))->empty());
  CHECK(world.run(restarted.find({"id1009"}))->size() == 1);
  std::size_t stored = 0;
  for (const auto& [key, value] : world.store.contents(Family::node)) stored += key.size() + value.size();
  CHECK(stored <= settings.bytes_max + 64);

  REQUIRE(world.run(restarted.prune()));
  world.wait(25h);
  REQUIRE(world.run(restarted.prune()));
  CHECK(restarted.bytes() == 0);
  CHECK(world.store.contents(Family::node).size() == 1);  // the count
}

TEST_CASE("more events than can wait are lost, mail is not held up") {
  World world;
  TraceBook::Settings settings;
  settings.waiting_max = 10;
  TraceBook book(world.clock, world.store, settings);
  for (int i = 0; i < 20; ++i) book.note(received(i));
  REQUIRE(world.run(book.flush()));
  CHECK(world.run(book.find({"sender@x.test"}))->size() == 10);
}

TEST_CASE("what was removed is not gone through again, and events go with the few before and after them") {
  World world;
  WatchedStore store(world.store);
  TraceBook::Settings settings;
  settings.bytes_max = 32 * 1024;
  TraceBook book(world.clock, store, settings);
  for (int i = 0; i < 3000; ++i) book.note(received(i));
  REQUIRE(world.run(book.flush()));
  store.writes.clear();
  REQUIRE(world.run(book.prune()));
  REQUIRE(store.scanned_from.size() > 10);
  for (std::size_t i = 1; i < store.scanned_from.size(); ++i)
    CHECK(store.scanned_from[i - 1] < store.scanned_from[i]);
  const auto terms_each = 4U;  // id, Message-ID, sender, recipient
  const auto gone = store.writes[Batch::Write::Kind::remove] / terms_each;
  CHECK(gone > 2500);
  CHECK(store.writes[Batch::Write::Kind::remove] == gone * terms_each);
  CHECK(store.writes[Batch::Write::Kind::remove_range] <= gone / 256 + 1);
  const auto stopped_at = store.scanned_from.back();
  store.scanned_from.clear();
  REQUIRE(world.run(book.prune()));
  CHECK(store.scanned_from == std::vector<Bytes>{stopped_at});

  world.clock.jump_wall(-to_micros(1h));  // older than what was removed, by the clock
  book.note(received(5000));
  REQUIRE(world.run(book.flush()));
  world.clock.jump_wall(to_micros(24h * 8));
  REQUIRE(world.run(book.prune()));
  CHECK(book.bytes() == 0);
  CHECK(world.run(book.find({"id5000"}))->empty());
}

TEST_CASE("what comes while much is removed is written meanwhile") {
  World world;
  TraceBook::Settings settings;
  settings.bytes_max = 32 * 1024;
  TraceBook book(world.clock, world.store, settings);
  for (int i = 0; i < 10'000; ++i) book.note(received(i));
  REQUIRE(world.run(book.flush()));

  TraceBook::Settings narrow = settings;
  narrow.waiting_max = 50;
  TraceBook busy(world.clock, world.store, narrow);
  REQUIRE(world.run(busy.load()));
  std::vector<std::unique_ptr<Clock::Alarm>> alarms;
  for (int i = 0; i < 45; ++i)
    alarms.push_back(world.clock.call_at(world.clock.now() + i * 1ms, [&busy, i] {
      for (int j = 0; j < 2; ++j) busy.note(received(20'000 + 2 * i + j));
    }));
  REQUIRE(world.run(busy.prune()));
  world.wait(1s);
  REQUIRE(world.run(busy.flush()));
  for (int i = 20'000; i < 20'090; ++i) CHECK(world.run(busy.find({"id" + std::to_string(i)}))->size() == 1);
}

TEST_CASE("what is noted of a message where it was received is found by its id alone, elsewhere by all") {
  World world;
  auto first = received(1);
  first.set_entry("00ff");
  auto sent = later(1, trace::Event::SENT, "00ff");
  sent.set_message_id("<M1@X.test>");
  sent.set_sender("sender@x.test");
  const auto rows = [](MemoryStore& store) { return store.contents(Family::node).size(); };

  TraceBook here(world.clock, world.store, {});
  here.note(first);
  REQUIRE(world.run(here.flush()));
  const auto before = rows(world.store);
  here.note(sent);
  REQUIRE(world.run(here.flush()));
  CHECK(rows(world.store) == before + 2);
  CHECK(world.run(here.find({"id1"}))->size() == 2);
  CHECK(world.run(here.find({"user1@example.org"}))->size() == 1);

  MemoryStore other_store{world.clock, world.random};
  TraceBook elsewhere(world.clock, other_store, {});
  elsewhere.note(sent);
  REQUIRE(world.run(elsewhere.flush()));
  for (const std::string term : {"id1", "00ff", "m1@x.test", "sender@x.test", "user1@example.org"}) {
    const auto found = world.run(elsewhere.find({term}));
    REQUIRE(found->size() == 1);
    CHECK(found->front().message_id() == "<M1@X.test>");
  }

  // The note of its receipt may be lost with a process that died, or names other entries or recipients.
  TraceBook restarted(world.clock, world.store, {});
  restarted.note(sent);
  auto other_entry = sent;
  other_entry.set_entry("ee");
  here.note(other_entry);
  auto other_recipient = sent;
  other_recipient.add_recipients("further@example.org");
  here.note(other_recipient);
  REQUIRE(world.run(restarted.flush()));
  REQUIRE(world.run(here.flush()));
  CHECK(world.run(here.find({"user1@example.org"}))->size() == 4);
  CHECK(world.run(here.find({"further@example.org"}))->size() == 1);

  const auto only_here = [&] {
    world.clock.jump_wall(to_micros(24h * 8));
    return world.run(here.prune());
  };
  REQUIRE(only_here());
  CHECK(rows(world.store) == 1);  // the count
}

TEST_CASE("no more messages are remembered as received here than its limit") {
  World world;
  TraceBook::Settings settings;
  settings.remembered_max = 10;
  TraceBook book(world.clock, world.store, settings);
  for (int i = 0; i < 20; ++i) book.note(received(i));
  for (int i = 0; i < 20; ++i) book.note(later(i, trace::Event::DELIVERED, ""));
  REQUIRE(world.run(book.flush()));
  CHECK(world.run(book.find({"user0@example.org"}))->size() == 2);
  CHECK(world.run(book.find({"user19@example.org"}))->size() == 1);
  CHECK(world.run(book.find({"id19"}))->size() == 2);
}

TEST_CASE("a look-up finds the newest, no more than its limits") {
  World world;
  TraceBook::Settings settings;
  settings.found_max = 5;
  TraceBook book(world.clock, world.store, settings);
  for (int i = 0; i < 20; ++i) {
    auto event = received(i);
    for (int j = 0; j < 2 * traced_recipients_max; ++j) event.add_recipients("r@x.test");
    book.note(event);
    world.wait(1ms);
    if (i == 16) REQUIRE(world.run(book.flush()));
  }
  const auto found = world.run(book.find({"sender@x.test"}));
  REQUIRE(found->size() == 5);
  CHECK(found->front().id() == "id15");
  CHECK(found->back().id() == "id19");
  CHECK(found->back().recipients_size() == traced_recipients_max);
}

TEST_CASE("any node tells what all noted, by time, follows names to the rest, and names who said nothing") {
  World world;
  Services grid(world, 3);
  const auto& nodes = grid.nodes;
  auto& services = grid.services;
  auto both = received(7);  // in one record
  both.set_at(world.clock.wall());
  world.wait(10ms);
  both.set_queued_at(world.clock.wall());
  both.set_entry("abcd");
  services[nodes[0]]->sink().note(both);
  world.wait(10ms);
  services[nodes[1]]->sink().note(later(7, trace::Event::DEFERRED, "abcd"));
  world.wait(3s);
  services[nodes[2]]->sink().note(later(7, trace::Event::SENT, "abcd"));
  services[nodes[2]]->sink().note(received(8));
  for (const std::string what : {"user7@example.org", "id7", "ABCD", "<M7@x.test>"}) {
    const auto answer = world.run(services[nodes[1]]->find(what));
    CHECK(answer.silent.empty());
    REQUIRE(answer.events.size() == 4);
    CHECK(answer.events[0].what() == trace::Event::RECEIVED);
    CHECK(answer.events[0].at() == both.at());
    CHECK(answer.events[0].queued_at() == 0);
    CHECK(answer.events[0].entry().empty());
    CHECK(answer.events[1].what() == trace::Event::QUEUED);
    CHECK(answer.events[1].at() == both.queued_at());
    CHECK(answer.events[1].entry() == "abcd");
    CHECK(answer.events[1].id() == "id7");
    CHECK(answer.events[2].what() == trace::Event::DEFERRED);
    CHECK(answer.events[3].what() == trace::Event::SENT);
    CHECK(answer.events[3].node() == nodes[2].bytes());
  }
  world.network.block(nodes[1], nodes[2]);
  const auto partial = world.run(services[nodes[1]]->find("id7"));
  CHECK(partial.events.size() == 3);
  CHECK(partial.silent == std::vector<NodeId>{nodes[2]});
  grid.stop();
}

TEST_CASE("however many messages went to an address on one node, each is told with what became of it") {
  World world;
  Services grid(world, 2);
  const auto before = world.clock.wall();
  const auto count = 450;  // more than one question names
  for (int i = 0; i < count; ++i) {
    for (auto event : {received(i), later(i, trace::Event::DELIVERED, "")}) {
      event.set_at(before + 2 * i + event.what());
      event.set_recipients(0, "one@example.org");
      if (event.what() == trace::Event::RECEIVED) {
        event.set_entry("e" + std::to_string(i));
        event.set_queued_at(event.at());
      }
      grid.services[grid.nodes[1]]->sink().note(event);
    }
  }
  trace::Event removed;  // names no id
  removed.set_what(trace::Event::REMOVED);
  removed.set_entry("e0");
  grid.services[grid.nodes[0]]->sink().note(removed);
  world.wait(3s);
  const auto answer = world.run(grid.services[grid.nodes[0]]->find("one@example.org"));
  CHECK(answer.silent.empty());
  std::map<trace::Event::What, std::set<std::string>> ids;
  for (const auto& event : answer.events) ids[event.what()].insert(event.id());
  CHECK(answer.events.size() == 3 * count + 1);
  CHECK(ids.contains(trace::Event::REMOVED));
  for (const auto what : {trace::Event::RECEIVED, trace::Event::QUEUED, trace::Event::DELIVERED})
    CHECK(ids[what].size() == count);
  CHECK(std::is_sorted(answer.events.begin(), answer.events.end(),
                       [](const auto& one, const auto& other) { return one.at() < other.at(); }));
  grid.stop();
}

TEST_CASE("a receipt in several pieces of one time is told once") {
  World world;
  Services grid(world, 2);
  auto piece = received(1);
  piece.set_at(world.clock.wall());
  for (int i = 0; i < 3; ++i) {
    piece.set_recipients(0, "piece" + std::to_string(i) + "@example.org");
    grid.services[grid.nodes[0]]->sink().note(piece);
  }
  const auto answer = world.run(grid.services[grid.nodes[1]]->find("id1"));
  REQUIRE(answer.events.size() == 3);
  for (int i = 0; i < 3; ++i)
    CHECK(answer.events[i].recipients(0) == "piece" + std::to_string(i) + "@example.org");
  grid.stop();
}
