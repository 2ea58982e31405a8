// What is noted of messages on their way, for who asks what became of them.
#include "node/base/log.hpp"
#include "tests/unit/queue/memory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* letter_with_id = "Message-ID: <m1@x.test>\r\nSubject: hello\r\n\r\nworld\r\n";

ports::Incoming incoming(const std::vector<UserId>& to, const std::vector<std::string>& elsewhere) {
  set_log_level(Level::error);
  auto message = MemoryGrid::message(to, letter_with_id);
  message.id = "id1";
  for (const auto& address : elsewhere) message.recipients.push_back({UserId{}, address, address, 0, {}});
  return message;
}

Task<void> send(ports::Delivery& delivery, std::vector<std::string> elsewhere) {
  auto message = incoming({}, elsewhere);
  (void)co_await delivery.deliver(std::move(message));
}

trace::Event noted(const MemoryGrid& grid, trace::Event::What what) {
  REQUIRE(grid.trace.count(what) == 1);
  const auto& events = grid.trace.events;
  return *std::find_if(events.begin(), events.end(), [&](const auto& event) { return event.what() == what; });
}

void check_names_message(const trace::Event& event) {
  CHECK(event.id() == "id1");
  CHECK(event.message_id() == "<m1@x.test>");
  CHECK(event.sender() == "sender@example.net");
}

}  // namespace

TEST_CASE("that a message was queued is noted with its receipt; who sends or delivers it says whose it is") {
  MemoryGrid grid(1);
  grid.senders = {grid.other_node};
  auto message = incoming({grid.add_user("a@example.org")}, {"b@x.test"});
  const auto begun = grid.clock.wall();
  REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(message))));
  const auto& trace = grid.trace;
  REQUIRE(grid.run_until_true(30s, [&] {
    return trace.count(trace::Event::SENT) == 1 && trace.count(trace::Event::DELIVERED) == 1;
  }));
  const auto received = noted(grid, trace::Event::RECEIVED), sent = noted(grid, trace::Event::SENT);
  CHECK(trace.count(trace::Event::QUEUED) == 0);
  CHECK(received.at() >= begun);
  CHECK(received.queued_at() > received.at());
  CHECK(received.entry().size() == 32);
  CHECK(received.recipients_size() == 2);
  check_names_message(received);
  check_names_message(sent);
  CHECK(sent.entry() == received.entry());
  check_names_message(noted(grid, trace::Event::DELIVERED));
}

TEST_CASE("a message that goes straight to a mailbox is noted as received before it is there") {
  MemoryGrid grid(2);
  auto message = incoming({grid.add_user("a@example.org")}, {});
  REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(message))));
  REQUIRE(grid.trace.events.size() == 2);
  CHECK(grid.trace.events[0].what() == trace::Event::RECEIVED);
  CHECK(grid.trace.events[0].queued_at() == 0);
  check_names_message(noted(grid, trace::Event::DELIVERED));
}

TEST_CASE("the receipt of a message is noted too where it cannot be queued, or its client goes meanwhile") {
  MemoryGrid grid(3);
  grid.slots.close_all();
  const auto& front = grid.fronts.at(grid.nodes[0]);
  REQUIRE(grid.run_to_end(front->delivery.deliver(incoming({}, {"b@x.test"}))));
  CHECK(noted(grid, trace::Event::RECEIVED).queued_at() == 0);
  CHECK(noted(grid, trace::Event::TAKEN_IN).id() == "id1");

  MemoryGrid other(4);
  other.slots.faults.answer_lost = 1;
  auto& life = *other.fronts.at(other.nodes[0]);
  life.sessions.spawn(other.context.get_executor(), "client", send(life.delivery, {"b@x.test"}));
  other.run(200ms);
  CHECK(other.trace.count(trace::Event::RECEIVED) == 0);
  other.crash(other.nodes[0]);
  CHECK(noted(other, trace::Event::RECEIVED).queued_at() == 0);
  check_names_message(noted(other, trace::Event::RECEIVED));
}
