#include "node/figures/figure_service.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace gridmail;

namespace {

constexpr auto hour = figures::Question::HOUR;
constexpr auto day = figures::Question::DAY;
constexpr WallMicros second = 1'000'000;
constexpr WallMicros begin = 1'800'000'000 * second;  // a whole minute

metrics::Outcomes messages{"smtp_messages_total", "Of this test.", "service=\"mx\""};
metrics::Histogram answered{"smtp_message_seconds", "Of this test."};

NodeId node(char name) {
  return *NodeId::from_bytes(std::string(16, name));
}

figures::Answer answer_of(std::initializer_list<std::pair<std::int64_t, std::uint64_t>> received) {
  figures::Answer answer;
  for (const auto& [end, count] : received) {
    auto& span = *answer.add_spans();
    span.set_end(end);
    span.set_received(count);
    span.set_imap_sessions(2);
    span.set_load(static_cast<double>(count) / 100);
  }
  return answer;
}

}  // namespace

TEST_CASE("a span holds what was counted since the one before") {
  FigureRings rings;
  messages.count(Result<int>(1), 7);  // before the first call: in no span
  rings.end_span(begin, {});
  CHECK(rings.spans(hour).spans().empty());
  messages.count(Result<int>(1), 3);
  messages.count(Result<int>(tl::unexpected(Error{Errc::unavailable, ""})));
  answered.observe(std::chrono::milliseconds(3));
  rings.end_span(begin + 10 * second + 4'000, {.smtp_sessions = 4, .load = 0.5, .disk_free_bytes = 99});
  rings.end_span(begin + 20 * second - 4'000, {});
  const auto spans = rings.spans(hour);
  REQUIRE(spans.spans_size() == 2);
  const auto& first = spans.spans(0);
  CHECK(first.end() == begin / second + 10);
  CHECK(first.received() == 3);
  CHECK(first.deferred() == 1);
  CHECK(first.smtp_sessions() == 4);
  CHECK(first.disk_free_bytes() == 99);
  CHECK(*quantile(first.smtp_seconds(), 0.99) <= 0.005);
  CHECK(spans.spans(1).end() == begin / second + 20);
  CHECK(spans.spans(1).received() == 0);
  CHECK_FALSE(quantile(spans.spans(1).smtp_seconds(), 0.5));
}

TEST_CASE("an hour of ten seconds, a day of minutes, and no more") {
  FigureRings rings;
  rings.end_span(begin, {});
  for (int i = 1; i <= 6 * 60 * 25; ++i) {
    messages.count(Result<int>(1));
    rings.end_span(begin + i * 10 * second, {.imap_sessions = static_cast<std::uint64_t>(i % 6)});
  }
  const auto last_hour = rings.spans(hour), last_day = rings.spans(day);
  CHECK(last_hour.spans_size() == 360);
  REQUIRE(last_day.spans_size() == 1440);
  CHECK(std::all_of(last_day.spans().begin(), last_day.spans().end(), [](const auto& span) {
    return span.received() == 6 && span.imap_sessions() == 5 && span.end() % 60 == 0;
  }));
  CHECK(last_day.ByteSizeLong() < 200'000);
}

TEST_CASE("a clock that goes back begins anew, so that no moment is told twice") {
  FigureRings rings;
  for (int i = 0; i < 5; ++i) rings.end_span(begin + i * 10 * second, {});
  rings.end_span(begin + 20 * second, {});
  REQUIRE(rings.spans(hour).spans_size() == 1);
  CHECK(rings.spans(hour).spans(0).end() == begin / second + 20);
}

TEST_CASE("nodes' figures of one moment are put together") {
  const auto report = combined(hour, {{node('a'), answer_of({{1000, 5}, {1010, 6}, {1020, 0}})},
                                      {node('b'), answer_of({{1010, 10}, {1020, 1}})},
                                      {node('c'), {}}});
  REQUIRE(report.spans.size() == 3);
  CHECK(report.spans[0].received() == 5);
  CHECK(report.spans[1].received() == 16);
  CHECK(report.spans[1].imap_sessions() == 4);
  CHECK(report.spans[1].load() == doctest::Approx(0.1));
  CHECK(report.spans[2].received() == 1);
  REQUIRE(report.nodes.size() == 2);
  CHECK(report.nodes[0].last.end() == 1020);
}

TEST_CASE("a span that some node has not ended yet is not told") {
  const auto report = combined(hour, {{node('a'), answer_of({{1000, 5}, {1010, 6}, {1020, 7}})},
                                      {node('b'), answer_of({{1000, 1}, {1010, 1}})}});
  REQUIRE(report.spans.size() == 2);
  CHECK(report.spans[1].end() == 1010);
  CHECK(report.spans[1].received() == 7);
  const auto one_hangs = combined(
      hour, {{node('a'), answer_of({{1010, 6}, {1020, 7}})}, {node('b'), answer_of({{990, 1}, {1000, 1}})}});
  CHECK(one_hangs.spans.back().end() == 1020);
}

TEST_CASE("figures of nodes whose clocks differ are put together as if all were right") {
  using namespace std::chrono_literals;
  const auto now = answer_of({{100'000, 5}, {100'010, 6}});
  const auto ahead_by = [&](std::chrono::microseconds ahead, std::int64_t seconds) {
    const auto there = answer_of({{100'000 + seconds, 1}, {100'010 + seconds, 2}});
    return combined(hour, {{node('a'), now, 0us}, {node('b'), there, ahead}});
  };
  const std::pair<std::chrono::microseconds, std::int64_t> differences[] = {
      {2h, 7200}, {-2h, -7200}, {13s, 10}, {17s, 20}, {-4s, 0}, {0s, 0}};
  for (const auto& [ahead, seconds] : differences) {
    CAPTURE(seconds);
    const auto report = ahead_by(ahead, seconds);
    REQUIRE(report.spans.size() == 2);
    CHECK(report.spans[0].end() == 100'000);
    CHECK(report.spans[0].received() == 6);
    CHECK(report.spans[1].received() == 8);
    REQUIRE(report.nodes.size() == 2);
    CHECK(report.nodes[1].last.end() == 100'010);
    CHECK(report.nodes[1].clock_ahead == ahead);
  }
}

TEST_CASE("what a node says that is far behind and tells no clock does not stretch the window") {
  const auto report =
      combined(hour, {{node('a'), answer_of({{100'000, 5}})}, {node('b'), answer_of({{90'000, 7}})}});
  REQUIRE(report.spans.size() == 1);
  CHECK(report.spans[0].end() == 100'000);
}

TEST_CASE("a clock is off by what cannot be the answer's way") {
  using std::chrono::microseconds;
  CHECK(clock_difference(150, 100, 200) == microseconds(0));
  CHECK(clock_difference(100, 100, 200) == microseconds(0));
  CHECK(clock_difference(40, 100, 200) == microseconds(-60));
  CHECK(clock_difference(5'000'200, 100, 200) == microseconds(5'000'000));
}

TEST_CASE("a disk's trend needs an hour, and is told with the hour's figures as with the day's") {
  FigureRings rings;
  std::uint64_t free = 10'000'000;
  int spans = 0;
  const auto run_until = [&](int minutes) {
    for (; spans <= minutes * 6; ++spans)
      rings.end_span(begin + spans * 10 * second, {.disk_free_bytes = free--});
  };
  const auto change = [&](FigureWindow window) {
    return combined(window, {{node('a'), rings.spans(window)}}).nodes.at(0).disk_free_change;
  };
  run_until(60);
  CHECK(rings.spans(hour).spans_size() == 360);
  CHECK_FALSE(change(hour));
  run_until(61);
  for (const auto window : {hour, day}) {
    REQUIRE(change(window));
    CHECK(*change(window) == doctest::Approx(-8640));  // one byte in ten seconds
  }
}

TEST_CASE("wrong passwords are counted by all protocols") {
  FigureRings rings;
  rings.end_span(begin, {.wrong_passwords = 7});
  rings.end_span(begin + 10 * second, {.wrong_passwords = 9});
  CHECK(rings.spans(hour).spans(0).wrong_passwords() == 2);
}

TEST_CASE("quantiles lie within their buckets, and those beyond all bounds at the last") {
  google::protobuf::RepeatedField<std::uint64_t> buckets;
  buckets.Resize(metrics::Histogram::bounds_seconds.size() + 1, 0);
  CHECK_FALSE(quantile(buckets, 0.5));
  buckets[3] = 100;  // over 5 ms, up to 10 ms
  CHECK(*quantile(buckets, 0.5) == doctest::Approx(0.0075));
  CHECK(*quantile(buckets, 1) == doctest::Approx(0.01));
  buckets[15] = 300;
  CHECK(*quantile(buckets, 0.99) == 30);
}
