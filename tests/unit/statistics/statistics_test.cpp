#include <doctest/doctest.h>

#include "node/statistics/metered_session.hpp"
#include "node/statistics/statistics_service.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/pipe_stream.hpp"

using namespace gridmail;
using namespace gridmail::test;
using gridmail::testing::PipeStream;
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
    auto answer = run_to_end(book.rows(now, std::move(question)));
    REQUIRE(answer);
    return *answer;
  }
  asio::io_context context;
  VirtualClock clock;
  SeededRandom random{1};
  MemoryStore store{clock, random};
  StatisticsBook book{store};
};

/// One user with an alias, who also gets what is for nobody else in the domain; all passwords are wrong.
class CatchAll final : public ports::Directory {
 public:
  Task<Result<ports::Target>> resolve(std::string address) override {
    if (!address.ends_with("@x.test")) co_return fail(Errc::not_found, "relay");
    co_return ports::Target{somebody, "a@x.test"};
  }
  Task<Result<bool>> is_local_domain(std::string domain) override { co_return domain == "x.test"; }
  Task<Result<ports::Account>> authenticate(std::string, std::string, std::string, ports::Protocol) override {
    co_return fail(Errc::denied, "wrong user or password");
  }
  Task<Result<bool>> may_send_as(UserId user, std::string address) override {
    co_return user == somebody && (address == "a@x.test" || address == "alias@x.test");
  }
};

Task<void> log_in_as(std::string login, std::unique_ptr<Stream> /*stream*/, ports::Directory& directory) {
  const auto account =
      co_await directory.authenticate(std::move(login), "wrong", "::1", ports::Protocol::imap);
  CHECK(!account);
}

Task<bool> refused(TrafficMeter& meter, Clock& clock, ports::Directory& directory,
                   std::unique_ptr<Stream> stream, std::string login) {
  MeteredServe serve = [login](std::unique_ptr<Stream> counted, ports::Directory& metered) {
    return log_in_as(login, std::move(counted), metered);
  };
  co_await serve_metered(std::move(stream), meter, clock, TrafficProtocol::imap, directory, std::move(serve));
  co_return true;
}

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
    const auto answer = disk.run_to_end(disk.book.rows(now, question));
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
  auto last = disk.run_to_end(disk.book.rows(now, question));
  REQUIRE(last);
  REQUIRE(last->last_log_ins_size() == 1);
  CHECK(last->last_log_ins(0).at() == now);
  REQUIRE(disk.run_to_end(disk.book.forget(now + 401 * day)));
  last = disk.run_to_end(disk.book.rows(now, question));
  REQUIRE(last);
  CHECK(last->last_log_ins_size() == 0);
}

TEST_CASE("rows from long ago begin with the first day that is kept") {
  Book disk;
  for (const auto age : {0, 30, 31}) disk.add(now - age * day, {{}, {}, TrafficProtocol::smtp}, {0, 0, 1, 1});
  Question question;
  question.set_last_day(20'010);
  question.set_limit(100);
  const auto answer = disk.run_to_end(disk.book.rows(now, question));
  REQUIRE(answer);
  REQUIRE(answer->rows_size() == 2);
  CHECK(StatisticsPlace::from_bytes(answer->rows(0).place())->day == 19'970);
  CHECK(StatisticsPlace::from_bytes(answer->rows(1).place())->day == 20'000);
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
    tally.logged_in(somebody, "a@x.test");
    tally.written(7);
  }
  auto counts = meter.take();
  REQUIRE(counts.size() == 2);
  const TrafficSubject nobody{{}, {}, TrafficProtocol::imap}, user{somebody, "x.test", TrafficProtocol::imap};
  CHECK(counts[nobody].bytes_in == 10);
  CHECK(counts[user].log_ins == 1);
  CHECK(counts[user].bytes_out == 7);
  CHECK(meter.take().empty());
}

TEST_CASE(
    "a refused log-in is the user's whom it names; one that names nobody is nobody's, catch-all or not") {
  Book disk;
  TrafficMeter meter;
  CatchAll directory;
  for (const std::string login : {"a@x.test", "alias@x.test", "typo@x.test", "a@elsewhere.test"}) {
    auto [stream, other_end] = PipeStream::make_pair(disk.context.get_executor(), disk.clock);
    disk.run_to_end(refused(meter, disk.clock, directory, std::move(stream), login));
  }
  auto counts = meter.take();
  REQUIRE(counts.size() == 2);
  CHECK(counts[{somebody, "x.test", TrafficProtocol::imap}].refused_log_ins == 2);
  CHECK(counts[{{}, {}, TrafficProtocol::imap}].refused_log_ins == 2);
}
