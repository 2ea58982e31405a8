// Messages in, out, changed, copied, moved and expunged.
#include "tests/unit/mailbox/mailbox_grid.hpp"

namespace gridmail::test {
namespace {

using mailbox::Store;
using Grid = MailboxGrid;

TEST_CASE("a delivered message gets the next UID and comes back byte for byte behind its prefix") {
  Grid grid;
  NewMessage message;
  message.prefix = "Return-Path: <a@example.test>\r\n";
  message.structure = "parsed";
  const MemoryBody body("Subject: hello\r\n\r\nworld\r\n");
  const auto added = grid.must(grid.client.deliver(grid.user, draw_id<Guid>(grid.random), message, body));
  CHECK(added.uid() == 1);
  const auto entries = grid.must(grid.client.entries(grid.user, added.mailbox(), Grid::set_of({1, 2})));
  REQUIRE(entries.size() == 1);
  const auto email = *EmailId::from_bytes(entries[0].email());
  CHECK(grid.content(email) == "Return-Path: <a@example.test>\r\nSubject: hello\r\n\r\nworld\r\n");
  CHECK(entries[0].size() == grid.content(email).size());
  CHECK(grid.must(grid.client.read(grid.user, {{email, 29, 10}})).at(0) == "\r\nSubject:");
  const auto structures = grid.must(grid.client.structures(grid.user, {email, EmailId{}}));
  REQUIRE(structures.size() == 1);
  CHECK(structures[0].second == "parsed");
  CHECK(grid.deliver("second").uid() == 2);
}

TEST_CASE("a message longer than an operation is staged in chunks and comes back whole") {
  Grid grid;
  Bytes body(3'000'001, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i / 1000 % 26);
  const auto added = grid.deliver(body);
  const auto entries =
      grid.must(grid.client.entries(grid.user, added.mailbox(), Grid::set_of({added.uid()})));
  CHECK(grid.content(*EmailId::from_bytes(entries.at(0).email())) == body);
}

TEST_CASE("an empty message is a message") {
  Grid grid;
  CHECK(grid.deliver("").uid() == 1);
  CHECK(grid.open().status().messages() == 1);
}

TEST_CASE("a delivery that names a mailbox that is gone lands in INBOX, an APPEND is told to create it") {
  Grid grid;
  const auto added = grid.deliver("body", "No/Such");
  CHECK(added.mailbox() == grid.id_of("INBOX"));
  NewMessage message;
  message.mailbox = "No/Such";
  const MemoryBody body("x");
  const auto error = grid.refused(grid.client.append(grid.user, message, body));
  CHECK(error.code == Errc::not_found);
  CHECK(error.text == "TRYCREATE");
}

TEST_CASE("a user that was never created is not found") {
  Grid grid;
  const auto stranger = draw_id<UserId>(grid.random);
  const MemoryBody body("x");
  const auto error = grid.refused(grid.client.deliver(stranger, draw_id<Guid>(grid.random), {}, body));
  CHECK(error.code == Errc::not_found);
  CHECK(error.text == "user");
  CHECK(grid.refused(grid.client.list(stranger)).text == "user");
}

TEST_CASE("STORE adds, removes and replaces flags and tells which messages are gone") {
  Grid grid;
  const auto box = grid.deliver("a").mailbox();
  grid.deliver("b");
  auto stored = grid.must(grid.client.store(grid.user, box, Grid::range(1, 3), Store::ADD,
                                            Grid::flags(seen | flagged, {"Work", "$x"})));
  REQUIRE(stored.entries_size() == 2);
  CHECK(stored.entries(0).flags().system() == (seen | flagged));
  CHECK(stored.entries(0).flags().keywords(0) == "$x");
  CHECK(stored.entries(0).flags().keywords(1) == "Work");
  CHECK(*to_set(stored.missing()) == Grid::set_of({3}));

  stored = grid.must(
      grid.client.store(grid.user, box, Grid::set_of({1}), Store::REMOVE, Grid::flags(seen, {"WORK"})));
  CHECK(stored.entries(0).flags().system() == flagged);
  CHECK(stored.entries(0).flags().keywords_size() == 1);
  stored = grid.must(
      grid.client.store(grid.user, box, Grid::set_of({2}), Store::REPLACE, Grid::flags(deleted, {"work"})));
  CHECK(stored.entries(0).flags().system() == deleted);
  CHECK(stored.entries(0).flags().keywords(0) == "Work");  // as first given

  const auto status = grid.open().status();
  CHECK(status.unseen() == 2);
  CHECK(status.deleted() == 1);
}

TEST_CASE("a STORE that changes nothing leaves the MODSEQ alone") {
  Grid grid;
  const auto box = grid.deliver("a").mailbox();
  grid.must(grid.client.store(grid.user, box, Grid::set_of({1}), Store::ADD, Grid::flags(seen)));
  const auto before = grid.open().status().highest_modseq();
  grid.must(grid.client.store(grid.user, box, Grid::set_of({1}), Store::ADD, Grid::flags(seen)));
  CHECK(grid.open().status().highest_modseq() == before);
}

TEST_CASE("COPY writes entries, keeps flags and date, and is refused whole when a source message is gone") {
  Grid grid;
  const auto box = grid.deliver("a").mailbox();
  grid.deliver("b");
  grid.must(grid.client.store(grid.user, box, Grid::set_of({2}), Store::ADD, Grid::flags(flagged, {"Work"})));
  const auto copied = grid.must(grid.client.copy(grid.user, box, Grid::set_of({1, 2}), "Archive"));
  CHECK(*to_set(copied.source()) == Grid::set_of({1, 2}));
  CHECK(*to_set(copied.target()) == Grid::set_of({1, 2}));
  const auto there = grid.must(grid.client.entries(grid.user, grid.id_of("Archive"), Grid::range(1, 9)));
  const auto here = grid.must(grid.client.entries(grid.user, box, Grid::range(1, 9)));
  REQUIRE(there.size() == 2);
  CHECK(there[1].email() == here[1].email());
  CHECK(there[1].internal_date() == here[1].internal_date());
  CHECK(there[1].flags().system() == flagged);
  CHECK(there[1].flags().keywords(0) == "Work");
  CHECK(grid.refused(grid.client.copy(grid.user, box, Grid::set_of({1, 3}), "Archive")).code ==
        Errc::conflict);
  CHECK(grid.refused(grid.client.copy(grid.user, box, Grid::set_of({1}), "Nowhere")).text == "TRYCREATE");
  CHECK(grid.open("Archive").status().messages() == 2);
}

TEST_CASE("COPY into the same mailbox makes a second entry") {
  Grid grid;
  const auto box = grid.deliver("a").mailbox();
  const auto copied = grid.must(grid.client.copy(grid.user, box, Grid::set_of({1}), "inbox"));
  CHECK(*to_set(copied.target()) == Grid::set_of({2}));
  CHECK(grid.uids_of() == std::vector<Uid>{1, 2});
}

TEST_CASE("MOVE takes messages out of one mailbox and into the other, leaving out what is gone") {
  Grid grid;
  const auto box = grid.deliver("a").mailbox();
  grid.deliver("b");
  grid.deliver("c", "Trash");
  const auto moved = grid.must(grid.client.move(grid.user, box, Grid::range(2, 5), "Trash"));
  CHECK(*to_set(moved.source()) == Grid::set_of({2}));
  CHECK(*to_set(moved.target()) == Grid::set_of({2}));
  CHECK(grid.uids_of() == std::vector<Uid>{1});
  CHECK(grid.uids_of("Trash") == std::vector<Uid>{1, 2});
  CHECK(grid.open().status().uid_next() == 3);
}

TEST_CASE("EXPUNGE removes what is marked deleted, or everything named") {
  Grid grid;
  const auto box = grid.deliver("a").mailbox();
  grid.deliver("b");
  grid.deliver("c");
  grid.must(grid.client.store(grid.user, box, Grid::set_of({2}), Store::ADD, Grid::flags(deleted)));
  CHECK(grid.must(grid.client.expunge(grid.user, box, Grid::range(1, 3), true)) == Grid::set_of({2}));
  CHECK(grid.must(grid.client.expunge(grid.user, box, Grid::set_of({3, 9}), false)) == Grid::set_of({3}));
  CHECK(grid.uids_of() == std::vector<Uid>{1});
  CHECK(grid.deliver("d").uid() == 4);  // RFC 3501, 2.3.1.1: never used again
}

TEST_CASE(
    "STORE, MOVE and EXPUNGE of thousands of messages go in several operations, COPY still shows all at "
    "once") {
  Grid grid;
  const auto box = grid.deliver("a").mailbox();
  for (int doubled = 1; doubled < 3000; doubled *= 2) {
    grid.must(grid.client.copy(grid.user, box, *to_set(grid.open().uids()), "INBOX"));
  }
  const auto all = *to_set(grid.open().uids());
  REQUIRE(all.count() == 4096);
  CHECK(grid.must(grid.client.store(grid.user, box, all, Store::ADD, Grid::flags(deleted))).entries_size() ==
        4096);
  CHECK(grid.must(grid.client.move(grid.user, box, Grid::range(1, 1500), "Trash")).target().numbers_size() ==
        2);
  CHECK(grid.must(grid.client.expunge(grid.user, box, all, true)).count() == 4096 - 1500);
  CHECK(grid.open().status().messages() == 0);
  CHECK(grid.must(grid.client.usage(grid.user)).messages() == 1500);
  CHECK(grid.must(grid.client.entries(grid.user, grid.id_of("Trash"), Grid::range(1, 9999))).size() == 1500);
}

TEST_CASE("an e-mail answers after EXPUNGE until the sweep, and while another entry uses it") {
  Grid grid;
  const auto box = grid.deliver("body").mailbox();
  const auto email =
      *EmailId::from_bytes(grid.must(grid.client.entries(grid.user, box, Grid::set_of({1})))[0].email());
  grid.must(grid.client.copy(grid.user, box, Grid::set_of({1}), "Archive"));
  grid.must(grid.client.expunge(grid.user, box, Grid::set_of({1}), false));
  run_for(grid.context, grid.clock, std::chrono::hours(2));
  grid.must(grid.client.sweep(grid.user));
  CHECK(grid.content(email) == "body");
  grid.must(grid.client.expunge(grid.user, grid.id_of("Archive"), Grid::set_of({1}), false));
  grid.must(grid.client.sweep(grid.user));
  CHECK(grid.content(email) == "body");
  run_for(grid.context, grid.clock, std::chrono::hours(2));
  grid.must(grid.client.sweep(grid.user));
  CHECK(grid.refused(grid.client.read(grid.user, {{email, 0, 10}})).code == Errc::not_found);
  CHECK(grid.store.contents(Family::body).empty());
}

TEST_CASE("an expunged entry is answered as it was for a while, and not when its bytes are gone") {
  Grid grid;
  const auto box = grid.deliver("first").mailbox();
  for (int i = 0; i < 3; ++i) grid.deliver("more");
  grid.must(grid.client.store(grid.user, box, Grid::set_of({1}), Store::ADD, Grid::flags(flagged, {"Work"})));
  grid.must(grid.client.expunge(grid.user, box, Grid::set_of({1, 3}), false));
  grid.must(grid.client.move(grid.user, box, Grid::set_of({4}), "Archive"));
  const auto past = [&](MailboxId mailbox) {
    return grid.must(grid.client.expunged_entries(grid.user, mailbox, Grid::range(1, 9)));
  };
  const auto kept = past(box);
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].uid() == 1);
  CHECK(kept[0].flags().system() == flagged);
  CHECK(kept[0].flags().keywords(0) == "Work");
  CHECK(grid.content(*EmailId::from_bytes(kept[0].email())) == "first");
  CHECK(kept[2].uid() == 4);
  CHECK(past(grid.id_of("Archive")).empty());
  CHECK(grid.must(grid.client.expunged_entries(grid.user, box, Grid::set_of({2}))).empty());
  grid.fail_over();
  CHECK(past(box).size() == 3);
  run_for(grid.context, grid.clock, std::chrono::hours(2));
  grid.must(grid.client.sweep(grid.user));
  CHECK(past(box).empty());
}

TEST_CASE("many messages are read at once, as many as an answer holds, up to the first that is gone") {
  Grid grid;
  const auto box = grid.deliver("first").mailbox();
  grid.deliver(Bytes(600'000, 'b'));
  grid.deliver(Bytes(600'000, 'c'));
  std::vector<EmailId> emails;
  for (const auto& entry : grid.must(grid.client.entries(grid.user, box, Grid::range(1, 3)))) {
    emails.push_back(*EmailId::from_bytes(entry.email()));
  }
  const auto read = [&](std::vector<MessageRange> ranges) {
    return grid.must(grid.client.read(grid.user, std::move(ranges)));
  };
  CHECK(read({{emails[0], 1, 3}, {emails[1], 599'999, 1}, {emails[0], 0, 5}}) ==
        std::vector<Bytes>{"irs", "b", "first"});
  const auto cut = read({{emails[1], 0, 600'000}, {emails[2], 0, 600'000}, {emails[0], 0, 5}});
  REQUIRE(cut.size() == 2);
  CHECK(cut[0] == Bytes(600'000, 'b'));
  CHECK(cut[1] == Bytes((1 << 20) - 600'000, 'c'));
  CHECK(read({{emails[0], 0, 5}, {EmailId{}, 0, 5}, {emails[0], 0, 5}}) == std::vector<Bytes>{"first"});
  CHECK(read({{emails[0], 0, 9}, {emails[0], 0, 5}}) == std::vector<Bytes>{"first"});
}

TEST_CASE("chunks of a message that never became visible are swept") {
  Grid grid;
  mailbox::Request request;
  request.set_user(grid.user.bytes());
  request.mutable_stage_chunk()->set_email(draw_id<EmailId>(grid.random).bytes());
  request.mutable_stage_chunk()->set_content(Bytes(1000, 'x'));
  CHECK(grid.run(grid.slots.call(7, ServiceId::mailbox, request.SerializeAsString())));
  CHECK(grid.store.contents(Family::body).size() == 1);
  grid.must(grid.client.sweep(grid.user));
  CHECK(grid.store.contents(Family::body).size() == 1);
  run_for(grid.context, grid.clock, std::chrono::hours(2));
  grid.must(grid.client.sweep(grid.user));
  CHECK(grid.store.contents(Family::body).empty());
}

TEST_CASE("removing a user leaves nothing of him") {
  Grid grid;
  grid.deliver(Bytes(1'000'000, 'x'));
  grid.deliver("b", "Sent");
  grid.must(grid.client.remove_user(grid.user));
  CHECK(grid.store.contents(Family::meta).empty());
  CHECK(grid.store.contents(Family::body).empty());
  CHECK(grid.refused(grid.client.list(grid.user)).code == Errc::not_found);
}

TEST_CASE("new messages are recent to the first session that hears of them, not to those that only look") {
  Grid grid;
  const auto box = grid.deliver("a").mailbox();
  const auto modseq = grid.open("INBOX", false).status().highest_modseq();
  const auto recent_from = [&](bool read_only) {
    return grid.must(grid.client.changes(grid.user, box, modseq, read_only)).recent_from();
  };
  grid.deliver("b");
  CHECK(recent_from(true) == 2);
  CHECK(recent_from(false) == 2);
  CHECK(recent_from(false) == 3);
  CHECK(to_set(grid.open("INBOX", false).recent())->empty());
  CHECK(grid.open().status().recent() == 0);
}

TEST_CASE("messages are recent to the first session that selects the mailbox, not to EXAMINE") {
  Grid grid;
  grid.deliver("a");
  CHECK(grid.open("INBOX", true).recent().numbers_size() == 2);
  CHECK(*to_set(grid.open("INBOX", false).recent()) == Grid::set_of({1}));
  CHECK(to_set(grid.open("INBOX", false).recent())->empty());
  grid.deliver("b");
  CHECK(grid.must(grid.client.status(grid.user, "inbox")).recent() == 1);
  grid.fail_over();  // the second delivery stored the mark
  CHECK(*to_set(grid.open("INBOX", false).recent()) == Grid::set_of({2}));
}

}  // namespace
}  // namespace gridmail::test
