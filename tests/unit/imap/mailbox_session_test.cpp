// Mailboxes as a whole: SELECT, CREATE, DELETE, RENAME, LIST, LSUB, SUBSCRIBE, STATUS, NAMESPACE.
#include "tests/unit/imap/session_fixture.hpp"

namespace gridmail::imap {
namespace {

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.3.1: SELECT tells all that its section lists") {
  deliver("a: b\r\n\r\n", flags(ports::Flag::seen, {"$Work"}));
  deliver("a: b\r\n\r\n");
  auto client = log_in();
  const auto heard = client->send("a SELECT inbox\r\n");
  CHECK(has_line(heard, "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)\r\n"));
  CHECK(has_line(heard, "* 2 EXISTS\r\n"));
  CHECK(has_line(heard, "* 2 RECENT\r\n"));
  CHECK(has_line(heard, "* OK [UNSEEN 2] "));
  CHECK(has_line(heard, "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work \\*)] "));
  CHECK(has_line(heard, "* OK [UIDNEXT 3] "));
  CHECK(has_line(heard, "* OK [UIDVALIDITY 1700000000] "));
  CHECK(has_line(heard, "a OK [READ-WRITE] "));
  CHECK(has_line(client->send("b SELECT INBOX\r\n"), "* 0 RECENT\r\n"));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.3.2: EXAMINE is read-only and leaves \\Recent to others") {
  deliver_many(1);
  auto client = log_in();
  const auto heard = client->send("a EXAMINE INBOX\r\n");
  CHECK(has_line(heard, "* OK [PERMANENTFLAGS ()] "));
  CHECK(has_line(heard, "a OK [READ-ONLY] "));
  CHECK(has_line(client->send("b STORE 1 +FLAGS (\\Seen)\r\n"), "b NO "));
  CHECK(has_line(client->send("c EXPUNGE\r\n"), "c NO "));
  CHECK(client->send("d FETCH 1 BODY[]\r\n").find("FLAGS") == std::string::npos);
  CHECK(has_line(client->send("e SELECT INBOX\r\n"), "* 1 RECENT\r\n"));
}

TEST_CASE_FIXTURE(SessionFixture,
                  "RFC 3501, 2.3.2: a new message is \\Recent to one session, to EXAMINE as well") {
  auto first = select();
  auto second = select();
  auto looking = log_in();
  looking->send("a EXAMINE INBOX\r\n");
  deliver_many(1);
  CHECK(looking->send("a NOOP\r\n") == "* 1 EXISTS\r\n* 1 RECENT\r\na OK Done\r\n");
  CHECK(first->send("a NOOP\r\n") == "* 1 EXISTS\r\n* 1 RECENT\r\na OK Done\r\n");
  CHECK(second->send("a NOOP\r\n") == "* 1 EXISTS\r\na OK Done\r\n");
  CHECK(has_line(second->send("b FETCH 1 FLAGS\r\n"), "* 1 FETCH (FLAGS ())"));
  CHECK(has_line(first->send("b FETCH 1 FLAGS\r\n"), "* 1 FETCH (FLAGS (\\Recent))"));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.3.1: a failed SELECT leaves no mailbox selected") {
  auto client = select();
  CHECK(has_line(client->send("a SELECT Nowhere\r\n"), "a NO [NONEXISTENT] "));
  CHECK(has_line(client->send("b FETCH 1 FLAGS\r\n"), "b BAD "));
  CHECK(has_line(client->send("c SELECT \"a&b\"\r\n"), "c NO [NONEXISTENT] "));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.3.8: LIST with wildcards, children and special uses") {
  auto client = log_in();
  client->send("a CREATE Work/2024/Q1/\r\n");
  const auto all = client->send("b LIST \"\" *\r\n");
  CHECK(has_line(all, "* LIST (\\HasNoChildren) \"/\" INBOX\r\n"));
  CHECK(has_line(all, "* LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\n"));
  CHECK(has_line(all, "* LIST (\\HasChildren) \"/\" Work\r\n"));
  CHECK(has_line(all, "* LIST (\\HasNoChildren) \"/\" Work/2024/Q1\r\n"));
  const auto level = client->send("c LIST \"\" %\r\n");
  CHECK(has_line(level, "* LIST (\\HasChildren) \"/\" Work\r\n"));
  CHECK_FALSE(has_line(level, "* LIST (\\HasChildren) \"/\" Work/"));
  CHECK(client->send("d LIST Work/ %\r\n") ==
        "* LIST (\\HasChildren) \"/\" Work/2024\r\nd OK Mailboxes listed\r\n");
  CHECK(client->send("e LIST \"\" \"\"\r\n") ==
        "* LIST (\\Noselect) \"/\" \"\"\r\ne OK Delimiter listed\r\n");
  CHECK(client->send("f LIST \"\" inbox\r\n").starts_with("* LIST (\\HasNoChildren) \"/\" INBOX\r\n"));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.3.4: a deleted mailbox with children stays as a name") {
  auto client = log_in();
  client->send("a CREATE Work/Old\r\n");
  CHECK(has_line(client->send("b DELETE Work\r\n"), "b OK "));
  CHECK(has_line(client->send("c LIST \"\" Work\r\n"), "* LIST (\\Noselect \\HasChildren) \"/\" Work\r\n"));
  CHECK(has_line(client->send("d SELECT Work\r\n"), "d NO "));
  CHECK(has_line(client->send("e DELETE Work\r\n"), "e NO "));
  CHECK(has_line(client->send("f DELETE INBOX\r\n"), "f NO [CANNOT] "));
  CHECK(has_line(client->send("g DELETE Nowhere\r\n"), "g NO [NONEXISTENT] "));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 5.1.3: names in modified UTF-7 come back as they went in") {
  auto client = log_in();
  CHECK(has_line(client->send("a CREATE \"Entw&APw-rfe & Notizen\"\r\n"), "a NO "));
  CHECK(has_line(client->send("b CREATE \"Entw&APw-rfe &- Notizen\"\r\n"), "b OK "));
  CHECK(has_line(client->send("c LIST \"\" Entw*\r\n"),
                 "* LIST (\\HasNoChildren) \"/\" \"Entw&APw-rfe &- Notizen\"\r\n"));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.3.3 and 6.3.5: CREATE and RENAME, and what they refuse") {
  deliver_many(2);
  auto client = log_in();
  CHECK(has_line(client->send("a CREATE inbox\r\n"), "a NO [ALREADYEXISTS] "));
  CHECK(has_line(client->send("b CREATE Sent\r\n"), "b NO [ALREADYEXISTS] "));
  CHECK(has_line(client->send("c CREATE a//b\r\n"), "c NO [CANNOT] "));
  CHECK(has_line(client->send("d RENAME Sent Gone/Out\r\n"), "d OK "));
  CHECK(has_line(client->send("e SELECT Gone/Out\r\n"), "e OK "));
  CHECK(has_line(client->send("f RENAME Nowhere x\r\n"), "f NO [NONEXISTENT] "));
  CHECK(has_line(client->send("g RENAME Junk Trash\r\n"), "g NO [ALREADYEXISTS] "));
  CHECK(has_line(client->send("h RENAME INBOX Old\r\n"), "h OK "));
  CHECK(has_line(client->send("i STATUS Old (MESSAGES)\r\n"), "* STATUS Old (MESSAGES 2)\r\n"));
  CHECK(has_line(client->send("j STATUS INBOX (MESSAGES UIDNEXT)\r\n"),
                 "* STATUS INBOX (MESSAGES 0 UIDNEXT 3)\r\n"));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.3.6 and 6.3.9: subscriptions, also to what does not exist") {
  auto client = log_in();
  CHECK(has_line(client->send("a SUBSCRIBE News/comp/mail\r\n"), "a OK "));
  CHECK(has_line(client->send("b LSUB \"\" *\r\n"), "* LSUB (\\Noselect) \"/\" News/comp/mail\r\n"));
  CHECK(has_line(client->send("c LSUB \"\" %\r\n"), "* LSUB (\\Noselect) \"/\" News\r\n"));
  CHECK_FALSE(has_line(client->send("d LIST \"\" *\r\n"), "* LIST (\\Noselect \\HasNoChildren) \"/\" News"));
  CHECK(has_line(client->send("e UNSUBSCRIBE News/comp/mail\r\n"), "e OK "));
  CHECK(client->send("f LSUB \"\" News*\r\n") == "f OK Subscriptions listed\r\n");
  CHECK(has_line(client->send("g LSUB \"\" S%\r\n"), "* LSUB () \"/\" Sent\r\n"));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.3.10: STATUS") {
  deliver_many(3);
  auto client = log_in();
  CHECK(has_line(client->send("a STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)\r\n"),
                 "* STATUS INBOX (MESSAGES 3 RECENT 3 UIDNEXT 4 UIDVALIDITY 1700000000 UNSEEN 3)\r\n"));
  CHECK(has_line(client->send("b STATUS Nowhere (MESSAGES)\r\n"), "b NO [NONEXISTENT] "));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 2342: NAMESPACE") {
  auto client = log_in();
  CHECK(has_line(client->send("a NAMESPACE\r\n"), "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 6154, 3: CREATE with a special use") {
  auto client = log_in();
  CHECK(has_line(client->send("a CREATE Everything (USE (\\All))\r\n"), "a OK "));
  CHECK(has_line(client->send("b LIST \"\" E*\r\n"), "* LIST (\\HasNoChildren \\All) \"/\" Everything\r\n"));
}

TEST_CASE_FIXTURE(SessionFixture,
                  "a slot that is unavailable gives NO [UNAVAILABLE], and the session goes on") {
  deliver_many(1);
  auto client = select();
  mailboxes.fail_with(Errc::unavailable);
  for (const char* command :
       {"LIST \"\" *", "STATUS INBOX (MESSAGES)", "FETCH 1 (FLAGS BODY[])", "NOOP", "CHECK",
        "STORE 1 FLAGS ()", "COPY 1 Sent", "SEARCH SEEN", "EXPUNGE", "CREATE x"}) {
    CAPTURE(command);
    CHECK(has_line(client->send(std::string("a ") + command + "\r\n"), "a NO [UNAVAILABLE] "));
  }
  mailboxes.fail_with(std::nullopt);
  CHECK(has_line(client->send("b FETCH 1 FLAGS\r\n"), "b OK "));
}

TEST_CASE_FIXTURE(SessionFixture,
                  "RFC 2180, 3.3: who has a mailbox selected that another session deletes is told BYE") {
  auto client = select("Junk");
  auto other = log_in();
  other->send("a DELETE Junk\r\n");
  CHECK(has_line(client->send("b NOOP\r\n"), "* BYE "));
  CHECK(client->ended());
}

TEST_CASE_FIXTURE(SessionFixture,
                  "the selected mailbox is known by identity: renamed, then deleted, it is closed") {
  auto client = select("Junk");
  client->send("a RENAME Junk Rubbish\r\n");
  client->send("b CREATE Junk\r\n");
  CHECK(has_line(client->send("c DELETE Junk\r\n"), "c OK "));
  CHECK(has_line(client->send("d FETCH 1:* FLAGS\r\n"), "d "));
  CHECK(has_line(client->send("e DELETE Rubbish\r\n"), "e OK "));
  CHECK_FALSE(client->ended());
  CHECK(has_line(client->send("f CHECK\r\n"), "f BAD "));  // nothing is selected
  CHECK(has_line(client->send("g SELECT INBOX\r\n"), "g OK "));
}

}  // namespace
}  // namespace gridmail::imap
