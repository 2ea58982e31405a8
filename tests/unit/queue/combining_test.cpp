// Changes of one slot's entries that are asked for at once: one operation, and an answer for each.
#include "node/base/log.hpp"
#include "tests/unit/queue/memory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

/// All in one slot.
QueueEntryId id_of(int number) {
  Bytes bytes(8, 's');
  append_be64(bytes, static_cast<std::uint64_t>(number));
  return *QueueEntryId::from_bytes(bytes);
}

class OneSlot {
 public:
  OneSlot() { set_log_level(Level::error); }

  Task<Result<void>> submit(QueueEntryId id, std::string address) {
    const MemoryBody body("Subject: hello\r\n\r\nworld\r\n");
    queue::Message message;
    message.set_sender("sender@example.org");
    message.set_body_size(body.size());
    message.set_accepted(grid.clock.wall());
    std::vector<queue::Recipient> recipients(1);
    recipients.front().set_address(address);
    const SlotClient::Options options;
    co_return co_await grid.queue_client.submit(id, message, recipients, body, options);
  }
  std::vector<Result<void>> at_once(std::vector<Task<Result<void>>> tasks) {
    std::vector<std::optional<Result<void>>> answers(tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      asio::co_spawn(grid.context, std::move(tasks[i]),
                     [&answers, i](std::exception_ptr, Result<void> answer) { answers[i] = answer; });
    }
    REQUIRE(grid.run_until_true(1min, [&] {
      return std::all_of(answers.begin(), answers.end(), [](const auto& answer) { return answer; });
    }));
    std::vector<Result<void>> all;
    all.reserve(answers.size());
    for (auto& answer : answers) all.push_back(std::move(*answer));
    return all;
  }
  MemoryGrid grid{1};
};

}  // namespace

TEST_CASE("entries that come and go at once are committed together") {
  OneSlot slot;
  constexpr int count = 60;
  std::vector<Task<Result<void>>> tasks;
  tasks.reserve(count);
  for (int i = 0; i < count; ++i) tasks.push_back(slot.submit(id_of(i), "a" + std::to_string(i) + "@x.test"));
  const auto before = slot.grid.slots.commits();
  for (const auto& answer : slot.at_once(std::move(tasks))) CHECK(answer);
  CHECK(slot.grid.slots.commits() - before <= 20);
  auto& delivered = slot.grid.remote.delivered;
  REQUIRE(slot.grid.run_until_true(1min, [&] { return delivered.size() == count; }));
  slot.grid.run(5s);
  CHECK(slot.grid.queued().empty());
  for (const auto& [address, times] : delivered) CHECK(times == 1);
  CHECK(slot.grid.slots.commits() - before < count / 2);  // with those that took them away
}

TEST_CASE("what cannot be done fails alone") {
  OneSlot slot;
  std::vector<Task<Result<void>>> tasks;
  tasks.push_back(slot.submit(id_of(1), "a@x.test"));
  tasks.push_back(slot.grid.queue_client.remove(id_of(2), {}));
  tasks.push_back(slot.grid.queue_client.hold(id_of(3), true, {}));
  tasks.push_back(slot.submit(id_of(4), "b@x.test"));
  const auto answers = slot.at_once(std::move(tasks));
  CHECK(answers[0]);
  CHECK(answers[1].error().code == Errc::not_found);
  CHECK(answers[2].error().code == Errc::not_found);
  CHECK(answers[3]);
}

TEST_CASE("one entry that is submitted several times at once is one entry") {
  OneSlot slot;
  std::vector<Task<Result<void>>> tasks;
  tasks.reserve(4);
  for (int i = 0; i < 4; ++i) tasks.push_back(slot.submit(id_of(1), "a@x.test"));
  for (const auto& answer : slot.at_once(std::move(tasks))) CHECK(answer);
  slot.grid.run(30s);
  CHECK(slot.grid.remote.delivered == std::map<std::string, std::size_t>{{"a@x.test", 1}});
}

TEST_CASE("on a full disk entries are removed while others are refused") {
  OneSlot slot;
  slot.grid.remote.is_dead = [](const std::string&) { return true; };
  std::vector<Task<Result<void>>> tasks;
  tasks.push_back(slot.submit(id_of(1), "a@x.test"));
  for (const auto& answer : slot.at_once(std::move(tasks))) CHECK(answer);
  slot.grid.run(5s);
  slot.grid.slots.faults.no_space = true;
  tasks.clear();
  tasks.push_back(slot.submit(id_of(2), "b@x.test"));
  tasks.push_back(slot.grid.queue_client.remove(id_of(1), {}));
  const auto answers = slot.at_once(std::move(tasks));
  REQUIRE(!answers[0]);
  CHECK(answers[0].error().code == Errc::no_space);
  CHECK(answers[1]);
  CHECK(slot.grid.queued().empty());
}

TEST_CASE("what has gone is written down on a full disk, in whoever's company") {
  OneSlot slot;
  std::vector<Task<Result<void>>> tasks;
  tasks.push_back(slot.submit(id_of(1), "a@x.test"));
  for (const auto& answer : slot.at_once(std::move(tasks))) CHECK(answer);
  auto& delivered = slot.grid.remote.delivered;
  REQUIRE(slot.grid.run_until_true(1s, [&] { return delivered["a@x.test"] == 1; }));
  slot.grid.slots.faults.no_space = true;
  tasks.clear();
  tasks.push_back(slot.submit(id_of(2), "b@x.test"));
  const auto answers = slot.at_once(std::move(tasks));
  CHECK(!answers[0]);
  slot.grid.run(100ms);
  CHECK(slot.grid.queued().empty());
  slot.grid.run(1min);
  CHECK(delivered == std::map<std::string, std::size_t>{{"a@x.test", 1}});
}
