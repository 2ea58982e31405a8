#include <doctest/doctest.h>

#include "node/statistics/metered_session.hpp"
#include "node/statistics/statistics_service.hpp"
#include "tests/support/memory_store.hpp"

using namespace gridmail;
using namespace gridmail::test;
using Question = statistics::Question;

namespace {

constexpr WallMicros day = 24LL * 3600 * 1'000'000;
constexpr WallMicros now = 20'000 * day + 5;

const UserId somebody = *UserId::from_bytes(Bytes(16, 's'));

struct Book {
  template <class T>
  T run_to_end(Task<T> task) {
    std::optional<T> value;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr failure, T result) {
      REQUIRE(!failure);
      value.emplace(std::move(result));
    });
    REQUIRE(run_for(context, clock, std::chrono::minutes(1), [&] { return value.has_value(); }));
    return std::move(*value);
  }
  void add(WallMicros at, const TrafficSubject& subject, const TrafficCounts& counts) {
    TrafficMeter::Counts all{{subject, counts}};
    REQUIRE(run_to_end(book.add(at, std::move(all))));
  }
  statistics::Answer ask(Question::By by, std::uint32_t limit = 100, Bytes after = {}) {
    Question question;
    question.set_by(by);
    question.set_first_day(19'990);
    question.set_last_day(20'010);
    question.set_limit(limit);
    question.set_after(std::move(after));
    auto answer = run_to_end(book.rows(std::move(question)));
    REQUIRE(answer);
    return *answer;
  }
  asio::io_context context;
  VirtualClock clock;
  SeededRandom random{1};
  MemoryStore store{clock, random};
  StatisticsBook book{store};
};

}  // namespace

TEST_CASE("what is counted adds up by user, domain and protocol, and survives") {
  Book disk;
  const TrafficSubject imap{somebody, "x.test", TrafficProtocol::imap};
  disk.add(now, imap, {1, 0, 10, 20});
  disk.add(now, imap, {1, 2, 5, 5});
  disk.add(now, {{}, {}, TrafficProtocol::smtp}, {0, 0, 100, 1});
  disk.add(now + day, imap, {0, 0, 1, 1});
  const auto users = disk.ask(Question::USER);
  REQUIRE(users.rows_size() == 2);
  CHECK(users.rows(0).counters().log_ins() == 2);
  CHECK(users.rows(0).counters().bytes_out() == 25);
  const auto place = StatisticsPlace::from_bytes(users.rows(1).place());
  REQUIRE(place);
  CHECK(place->day == 20'001);
  CHECK(place->subject == somebody.bytes());
  CHECK(place->protocol == TrafficProtocol::imap);
  CHECK(disk.ask(Question::DOMAIN).rows_size() == 2);
  const auto all = disk.ask(Question::PROTOCOL);
  REQUIRE(all.rows_size() == 3);
  CHECK(all.rows(0).counters().bytes_in() == 100);  // SMTP comes before IMAP
}

TEST_CASE("rows are asked for of one subject and by one protocol") {
  Book disk;
  for (const auto* domain : {"x.test", "x.test2", "x"}) {
    disk.add(now, {somebody, domain, TrafficProtocol::http}, {1, 0, 1, 1});
    disk.add(now, {somebody, domain, TrafficProtocol::smtp}, {0, 0, 1, 1});
  }
  Question question;
  question.set_by(Question::DOMAIN);
  question.set_first_day(19'990);
  question.set_last_day(20'010);
  question.set_limit(100);
  question.set_of("x.test");
  const auto rows = [&] {
    const auto answer = disk.run_to_end(disk.book.rows(question));
    REQUIRE(answer);
    std::vector<StatisticsPlace> places;
    for (const auto& row : answer->rows()) places.push_back(*StatisticsPlace::from_bytes(row.place()));
    return places;
  };
  REQUIRE(rows().size() == 2);
  CHECK(rows()[0].subject == "x.test");
  CHECK(rows()[1].protocol == TrafficProtocol::http);
  question.set_only(static_cast<std::uint32_t>(TrafficProtocol::http) + 1);
  REQUIRE(rows().size() == 1);
  CHECK(rows()[0].protocol == TrafficProtocol::http);
  question.clear_of();
  CHECK(rows().size() == 3);
}

TEST_CASE("a book is read by pages") {
  Book disk;
  for (const auto protocol : {TrafficProtocol::smtp, TrafficProtocol::imap, TrafficProtocol::pop3}) {
    disk.add(now, {{}, {}, protocol}, {0, 0, 1, 1});
    disk.add(now + day, {{}, {}, protocol}, {0, 0, 1, 1});
  }
  std::size_t rows = 0;
  Bytes after;
  for (;;) {
    const auto page = disk.ask(Question::PROTOCOL, 4, after);
    rows += static_cast<std::size_t>(page.rows_size());
    if (page.rows_size() < 4) break;
    after = page.rows(3).place();
  }
  CHECK(rows == 6);
}

TEST_CASE("thirty days are kept, and last log-ins for longer") {
  Book disk;
  disk.add(now, {somebody, "x.test", TrafficProtocol::pop3}, {1, 0, 1, 1});
  REQUIRE(disk.run_to_end(disk.book.forget(now + 30 * day)));
  CHECK(disk.ask(Question::USER).rows_size() == 1);
  REQUIRE(disk.run_to_end(disk.book.forget(now + 31 * day)));
  CHECK(disk.ask(Question::USER).rows_size() == 0);
  Question question;
  question.set_last_log_ins_of(somebody.bytes());
  auto last = disk.run_to_end(disk.book.rows(question));
  REQUIRE(last);
  REQUIRE(last->last_log_ins_size() == 1);
  CHECK(last->last_log_ins(0).at() == now);
  REQUIRE(disk.run_to_end(disk.book.forget(now + 401 * day)));
  last = disk.run_to_end(disk.book.rows(question));
  REQUIRE(last);
  CHECK(last->last_log_ins_size() == 0);
}

TEST_CASE("nodes' rows are put together as far as all of them are known") {
  const auto row = [](statistics::Answer& answer, Day on, std::uint64_t bytes) {
    auto& added = *answer.add_rows();
    added.set_place(StatisticsPlace{on, {}, TrafficProtocol::imap}.bytes());
    added.mutable_counters()->set_bytes_in(bytes);
  };
  statistics::Answer one, other;
  row(one, 1, 10);
  row(one, 3, 10);
  row(other, 1, 5);
  row(other, 2, 5);
  row(other, 3, 5);
  row(other, 4, 5);
  const auto all = combined({one, other}, 10);
  REQUIRE(all.size() == 4);
  CHECK(all[0].counters.bytes_in() == 15);
  CHECK(all[2].counters.bytes_in() == 15);
  // The first could have more behind its second row.
  const auto some = combined({one, other}, 2);
  REQUIRE(some.size() == 2);
  CHECK(some[1].place.day == 2);
}

TEST_CASE("a connection's bytes are its user's from the log-in on") {
  VirtualClock clock;
  TrafficMeter meter;
  {
    TrafficTally tally(meter, clock, TrafficProtocol::imap);
    tally.read(10);
    tally.refused();
    tally.logged_in(somebody, "a@x.test");
    tally.written(7);
  }
  auto counts = meter.take();
  REQUIRE(counts.size() == 2);
  const TrafficSubject nobody{{}, {}, TrafficProtocol::imap}, user{somebody, "x.test", TrafficProtocol::imap};
  CHECK(counts[nobody].bytes_in == 10);
  CHECK(counts[nobody].refused_log_ins == 1);
  CHECK(counts[user].log_ins == 1);
  CHECK(counts[user].bytes_out == 7);
  CHECK(meter.take().empty());
}
