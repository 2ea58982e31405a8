#include "protocols/imap/selected_mailbox.hpp"

#include <doctest/doctest.h>

namespace gridmail::imap {
namespace {

UidSet uids(std::vector<UidSet::Run> runs) {
  UidSet set;
  for (const auto& run : runs) set.add(run.first, run.last);
  return set;
}

/// UIDs 1:3, 10:12, 20; modseq 100.
SelectedMailbox opened() {
  ports::OpenedMailbox mailbox;
  mailbox.status.highest_modseq = 100;
  mailbox.status.uid_next = 21;
  mailbox.uids = uids({{1, 3}, {10, 12}, {20, 20}});
  mailbox.recent.add(20);
  return {mailbox, false};
}

ports::Entry entry(Uid uid, ModSeq modseq, std::vector<std::string> keywords = {}) {
  ports::Entry made;
  made.uid = uid;
  made.modseq = modseq;
  made.flags.keywords = std::move(keywords);
  return made;
}

ports::Changes changes(ModSeq modseq) {
  ports::Changes made;
  made.highest_modseq = modseq;
  return made;
}

TEST_CASE("RFC 3501, 9: sequence numbers name announced messages, and wrong ones are told") {
  const auto mailbox = opened();
  CHECK(mailbox.exists() == 7);
  CHECK(mailbox.resolve_numbers({{2, 4}}) == uids({{2, 3}, {10, 10}}));
  CHECK(mailbox.resolve_numbers({{star, 6}}) == uids({{12, 12}, {20, 20}}));
  CHECK(mailbox.resolve_numbers({{7, 7}, {1, 1}}) == uids({{1, 1}, {20, 20}}));
  CHECK_FALSE(mailbox.resolve_numbers({{8, 8}}));
  CHECK_FALSE(mailbox.resolve_numbers({{1, 8}}));
}

TEST_CASE("RFC 3501, 6.4.8: UIDs that do not exist are left out, and n:* always names the last") {
  const auto mailbox = opened();
  CHECK(mailbox.resolve_uids({{2, 10}}) == uids({{2, 3}, {10, 10}}));
  CHECK(mailbox.resolve_uids({{5, 9}}).empty());
  CHECK(mailbox.resolve_uids({{100, star}}) == uids({{20, 20}}));
}

TEST_CASE("an empty mailbox has no message, not even *") {
  const SelectedMailbox mailbox(ports::OpenedMailbox{}, false);
  CHECK_FALSE(mailbox.resolve_numbers({{star, star}}));
  CHECK(mailbox.resolve_uids({{1, star}}).empty());
}

TEST_CASE("RFC 3501, 7.4.1: expunges are held back until they may be said, and numbers stay till then") {
  auto mailbox = opened();
  auto gone = changes(101);
  gone.expunged = uids({{2, 2}, {11, 11}});
  const Updates held = mailbox.take(gone, false);
  CHECK(held.expunged.empty());
  CHECK(mailbox.exists() == 7);
  CHECK(mailbox.resolve_numbers({{2, 2}}) == uids({{2, 2}}));
  const Updates told = mailbox.take(changes(101), true);
  CHECK(told.expunged == std::vector<SequenceNumber>{5, 2});
  CHECK(mailbox.exists() == 5);
  CHECK(mailbox.announced() == uids({{1, 1}, {3, 3}, {10, 10}, {12, 12}, {20, 20}}));
}

TEST_CASE("new messages are counted once, and are recent") {
  auto mailbox = opened();
  auto news = changes(103);
  news.uid_next = 24;
  news.changed = {entry(21, 101), entry(23, 103)};
  const Updates updates = mailbox.take(news, true);
  CHECK(updates.exists == 9);
  CHECK(updates.recent == 3);
  CHECK(updates.flags.empty());
  CHECK(mailbox.modseq() == 103);
  CHECK_FALSE(mailbox.take(changes(103), true).exists);
}

TEST_CASE("a message that came and went between two looks is never told") {
  auto mailbox = opened();
  auto news = changes(105);
  news.uid_next = 22;
  news.expunged.add(21);
  const Updates updates = mailbox.take(news, true);
  CHECK_FALSE(updates.exists);
  CHECK(updates.expunged.empty());
}

TEST_CASE("flags that this session has shown are not told again, others' are") {
  auto mailbox = opened();
  CHECK_FALSE(mailbox.note_shown(entry(2, 101)));
  auto changed = changes(102);
  changed.changed = {entry(2, 101), entry(3, 102)};
  const Updates updates = mailbox.take(changed, true);
  REQUIRE(updates.flags.size() == 1);
  CHECK(updates.flags[0].number == 3);
  auto later = changes(103);
  later.changed = {entry(2, 103)};
  CHECK(mailbox.take(later, true).flags.size() == 1);
}

TEST_CASE("flags and expunges together: numbers are those after the expunges") {
  auto mailbox = opened();
  auto changed = changes(102);
  changed.expunged.add(1);
  changed.changed = {entry(20, 102)};
  const Updates updates = mailbox.take(changed, true);
  CHECK(updates.expunged == std::vector<SequenceNumber>{1});
  REQUIRE(updates.flags.size() == 1);
  CHECK(updates.flags[0].number == 6);
  CHECK(updates.flags[0].recent);
}

TEST_CASE("where the mailbox has forgotten its expunges, the whole set tells them") {
  auto mailbox = opened();
  auto changed = changes(200);
  changed.uid_next = 31;
  changed.complete = uids({{3, 3}, {10, 12}, {30, 30}});
  const Updates updates = mailbox.take(changed, true);
  CHECK(updates.expunged == std::vector<SequenceNumber>{7, 2, 1});
  CHECK(updates.exists == 5);
  CHECK(mailbox.announced() == uids({{3, 3}, {10, 12}, {30, 30}}));
}

TEST_CASE("RFC 3501, 7.2.6: a keyword is new once") {
  auto mailbox = opened();
  CHECK(mailbox.note_shown(entry(1, 50, {"$Work"})));
  CHECK_FALSE(mailbox.note_shown(entry(2, 50, {"$work"})));
}

TEST_CASE("a sequence cursor agrees with the rank") {
  const auto set = uids({{3, 5}, {9, 9}, {20, 30}});
  SequenceCursor cursor(set);
  for (Uid uid = 1; uid < 35; ++uid) CHECK(cursor.number_of(uid) == set.rank(uid));
}

}  // namespace
}  // namespace gridmail::imap
