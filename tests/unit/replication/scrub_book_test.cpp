// How fast the scrub must be, and when it is late.
#include "storage/replication/scrub_book.hpp"

#include <doctest/doctest.h>

namespace gridmail {
namespace {

using namespace std::chrono_literals;

constexpr Duration day = 24h;
constexpr double gigabyte = 1e9;

replication::ScrubRecord done(WallMicros finished, double bytes) {
  replication::ScrubRecord record;
  record.set_finished(finished);
  record.set_bytes(static_cast<std::uint64_t>(bytes));
  return record;
}

}  // namespace

TEST_CASE("the scrub keeps its rounds however much a node stores") {
  ScrubBook book;
  for (SlotId slot = 0; slot < 1000; ++slot) book.note(slot, done(1, 4 * gigabyte));
  const double all = 4000 * gigabyte;
  const double rate = book.rate_needed(30 * day);
  CHECK(rate >= 1.2 * all / (30 * 86400.0));
  // All due at once, as after a round while nobody was busy: the last one is not late.
  const double days_needed = all / rate / 86400;
  CHECK(30 + days_needed < scrub_overdue_rounds * 30);
  CHECK(book.rate_needed(10 * day) == doctest::Approx(3 * rate));
  CHECK(book.rate_needed(0 * day) == 0);
}

TEST_CASE("that a slot lacks other copies is known until it is gone through again") {
  ScrubBook book;
  book.note(0, {});
  CHECK_FALSE(book.slots().at(0).lacks_others);
  book.note_others(0, true);
  book.note(0, {});  // looked at only
  CHECK(book.slots().at(0).lacks_others);
  book.note_others(0, false);
  CHECK_FALSE(book.slots().at(0).lacks_others);
}

TEST_CASE("slots of which nothing is known count as the others") {
  ScrubBook book;
  CHECK(book.rate_needed(30 * day) == 0);
  book.note(0, {});
  CHECK(book.rate_needed(30 * day) == 0);
  book.note(1, done(1, 2 * gigabyte));
  const double one = book.rate_needed(30 * day);
  book.note(2, done(1, 2 * gigabyte));
  CHECK(book.rate_needed(30 * day) == doctest::Approx(1.5 * one));
  replication::ScrubRecord under_way;
  under_way.set_read(static_cast<std::uint64_t>(8 * gigabyte));
  book.note(0, under_way);
  CHECK(book.rate_needed(30 * day) == doctest::Approx(3 * one));
}

TEST_CASE("slots that have gone elsewhere are forgotten") {
  ScrubBook book;
  book.note(0, done(5, gigabyte));
  book.note(1, done(7, gigabyte));
  CHECK(book.oldest() == 5);
  book.keep_only({1, 2});
  CHECK(book.slots().size() == 1);
  CHECK(book.oldest() == 7);
  CHECK(book.unread_since() == 7);
}

TEST_CASE("a slot that was never gone through waits since its first round began") {
  ScrubBook book;
  CHECK(book.oldest() == 0);
  CHECK(book.unread_since() == 0);
  book.note(0, done(9, gigabyte));
  book.note(1, {});
  book.note(2, done(8, gigabyte));
  CHECK(book.oldest() == 0);
  CHECK(book.unread_since() == 8);
  replication::ScrubRecord begun;
  begun.set_begun(3);
  book.note(1, begun);
  CHECK(book.unread_since() == 3);
}

TEST_CASE("half a round too late is late") {
  const WallMicros since = 1000;
  CHECK_FALSE(scrub_is_overdue(since, 30 * day, since + to_micros(44 * day)));
  CHECK(scrub_is_overdue(since, 30 * day, since + to_micros(46 * day)));
  CHECK_FALSE(scrub_is_overdue(0, 30 * day, to_micros(500 * day)));
  CHECK_FALSE(scrub_is_overdue(since, 0 * day, to_micros(500 * day)));
  CHECK_FALSE(scrub_is_overdue(to_micros(500 * day), 30 * day, since));  // a clock that was set back
}

}  // namespace gridmail
