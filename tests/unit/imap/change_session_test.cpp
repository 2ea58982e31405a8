// Commands that change messages: STORE, EXPUNGE, CLOSE, COPY, MOVE; and what other sessions see of it.
#include "tests/unit/imap/session_fixture.hpp"

namespace gridmail::imap {
namespace {

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.4.6: STORE adds, removes, replaces") {
  deliver_many(2);
  auto client = select();
  CHECK(client->send("a STORE 1 +FLAGS (\\Seen)\r\n") ==
        "* 1 FETCH (FLAGS (\\Seen \\Recent))\r\na OK Flags stored\r\n");
  CHECK(client->send("b STORE 1 -FLAGS \\Seen\r\n") ==
        "* 1 FETCH (FLAGS (\\Recent))\r\nb OK Flags stored\r\n");
  CHECK(client->send("c UID STORE 2 FLAGS (\\Draft)\r\n") ==
        "* 2 FETCH (FLAGS (\\Draft \\Recent) UID 2)\r\nc OK Flags stored\r\n");
  CHECK(client->send("d STORE 1:2 FLAGS.SILENT (\\Answered)\r\n") == "d OK Flags stored\r\n");
  CHECK(client->send("e NOOP\r\n") == "e OK Done\r\n");
  CHECK(client->send("f STORE 1 +FLAGS ($Work)\r\n") ==
        "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)\r\n"
        "* 1 FETCH (FLAGS (\\Answered \\Recent $Work))\r\nf OK Flags stored\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "changes of one session are told to another at its next command") {
  deliver_many(3);
  auto one = select();
  auto other = select();
  one->send("a STORE 2 +FLAGS (\\Flagged)\r\n");
  deliver_many(1);
  CHECK(other->send("b NOOP\r\n") ==
        "* 4 EXISTS\r\n* 1 RECENT\r\n* 2 FETCH (FLAGS (\\Flagged))\r\nb OK Done\r\n");
  one->send("c STORE 1 +FLAGS.SILENT (\\Deleted)\r\n");
  one->send("d EXPUNGE\r\n");
  CHECK(other->send("e UID FETCH 2 FLAGS\r\n") ==
        "* 2 FETCH (FLAGS (\\Flagged) UID 2)\r\n* 1 EXPUNGE\r\ne OK Fetched\r\n");
}

TEST_CASE_FIXTURE(SessionFixture,
                  "RFC 3501, 6.4.3: EXPUNGE tells numbers that stay right one after the other") {
  deliver_many(5);
  auto client = select();
  client->send("a STORE 1,3,5 +FLAGS.SILENT (\\Deleted)\r\n");
  CHECK(client->send("b EXPUNGE\r\n") == "* 5 EXPUNGE\r\n* 3 EXPUNGE\r\n* 1 EXPUNGE\r\nb OK Expunged\r\n");
  CHECK(client->send("c UID SEARCH ALL\r\n") == "* SEARCH 2 4\r\nc OK Searched\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 4315, 2.1: UID EXPUNGE takes only what it names") {
  deliver_many(3);
  auto client = select();
  client->send("a STORE 1:3 +FLAGS.SILENT (\\Deleted)\r\n");
  CHECK(client->send("b UID EXPUNGE 2:2,9\r\n") == "* 2 EXPUNGE\r\nb OK Expunged\r\n");
}

TEST_CASE_FIXTURE(SessionFixture,
                  "RFC 3501, 6.4.2 and RFC 3691: CLOSE removes without a word, UNSELECT does not") {
  deliver_many(2);
  auto client = select();
  client->send("a STORE 1 +FLAGS.SILENT (\\Deleted)\r\n");
  CHECK(client->send("b UNSELECT\r\n") == "b OK Mailbox unselected\r\n");
  CHECK(mailboxes.uids_of(alice, "INBOX").count() == 2);
  client->send("c SELECT INBOX\r\n");
  CHECK(client->send("d CLOSE\r\n") == "d OK Mailbox closed\r\n");
  CHECK(mailboxes.uids_of(alice, "INBOX").count() == 1);
  CHECK(has_line(client->send("e FETCH 1 FLAGS\r\n"), "e BAD "));
  client->send("f EXAMINE INBOX\r\n");
}

TEST_CASE_FIXTURE(
    SessionFixture,
    "STORE and COPY of a message that is gone give NO [EXPUNGEISSUED], by UID they leave it out") {
  deliver_many(3);
  auto client = select();
  mailboxes.expunge_now(alice, "INBOX", 2);
  const auto stored = client->send("a STORE 1:2 +FLAGS (\\Seen)\r\n");
  CHECK(has_line(stored, "* 1 FETCH (FLAGS (\\Seen \\Recent))\r\n"));
  CHECK(has_line(stored, "a NO [EXPUNGEISSUED] "));
  CHECK(stored.find("EXPUNGE\r\n") == std::string::npos);
  CHECK(has_line(client->send("b COPY 1:3 Archive\r\n"), "b NO [EXPUNGEISSUED] "));
  CHECK(mailboxes.uids_of(alice, "Archive").empty());
  CHECK(has_line(client->send("c UID COPY 1:3 Archive\r\n"), "c OK [COPYUID "));
  CHECK(has_line(client->send("d UID STORE 1:3 +FLAGS (\\Seen)\r\n"), "d OK "));
}

TEST_CASE_FIXTURE(SessionFixture, "COPY meets a message that goes at the same time") {
  deliver_many(3);
  auto client = select();
  mailboxes.expunge_now(alice, "INBOX", 3);
  CHECK(has_line(client->send("a UID COPY 2:3 Archive\r\n"), "a OK [COPYUID 1700000003 2 1] "));
  auto other = select();
  mailboxes.expunge_now(alice, "INBOX", 1);
  const auto heard = other->send("b COPY 1 Archive\r\n");
  CHECK(has_line(heard, "b NO [EXPUNGEISSUED] "));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.4.7: COPY is answered with COPYUID, and with TRYCREATE") {
  deliver_many(3);
  auto client = select();
  CHECK(has_line(client->send("a COPY 1,3 Sent\r\n"), "a OK [COPYUID 1700000002 1,3 1:2] "));
  CHECK(has_line(client->send("b COPY 1 Nowhere\r\n"), "b NO [TRYCREATE] "));
  CHECK(has_line(client->send("c UID COPY 77 Sent\r\n"), "c OK "));
  CHECK(client->send("d COPY 2 INBOX\r\n") ==
        "* 4 EXISTS\r\n* 4 RECENT\r\nd OK [COPYUID 1700000000 2 4] Copied\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 6851: MOVE tells COPYUID, then EXPUNGE, then OK") {
  deliver_many(3);
  auto client = select();
  CHECK(client->send("a MOVE 2:3 Archive\r\n") ==
        "* OK [COPYUID 1700000003 2:3 1:2] Moved\r\n* 3 EXPUNGE\r\n* 2 EXPUNGE\r\na OK Moved\r\n");
  CHECK(has_line(client->send("b UID MOVE 1 Nowhere\r\n"), "b NO [TRYCREATE] "));
  CHECK(mailboxes.uids_of(alice, "INBOX").count() == 1);
  CHECK(client->send("c UID MOVE 1 Trash\r\n") ==
        "* OK [COPYUID 1700000005 1 1] Moved\r\n* 1 EXPUNGE\r\nc OK Moved\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "a mailbox that has forgotten its expunges tells them all the same") {
  deliver_many(4);
  auto client = select();
  mailboxes.expunge_now(alice, "INBOX", 1);
  mailboxes.expunge_now(alice, "INBOX", 3);
  deliver_many(1);
  mailboxes.set_forgetful(true);
  CHECK(client->send("a NOOP\r\n") ==
        "* 3 EXPUNGE\r\n* 1 EXPUNGE\r\n* 3 EXISTS\r\n* 3 RECENT\r\na OK Done\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "a full disk refuses changes, and deleting goes on") {
  deliver_many(1);
  auto client = select();
  mailboxes.fail_with(Errc::no_space, false);
  CHECK(has_line(client->send("a COPY 1 Sent\r\n"), "a NO [OVERQUOTA] "));
  mailboxes.fail_with(std::nullopt);
  client->send("b STORE 1 +FLAGS.SILENT (\\Deleted)\r\n");
  CHECK(client->send("c EXPUNGE\r\n") == "* 1 EXPUNGE\r\nc OK Expunged\r\n");
}

}  // namespace
}  // namespace gridmail::imap
