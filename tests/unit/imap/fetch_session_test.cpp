// FETCH: RFC 3501, sections 6.4.5 and 7.4.2.
#include "tests/unit/imap/session_fixture.hpp"

namespace gridmail::imap {
namespace {

const char* const multipart =
    "From: Fred <fred@example.test>\r\nSubject: hi\r\nContent-Type: multipart/mixed; "
    "boundary=b\r\n\r\npreamble\r\n"
    "--b\r\nContent-Type: text/plain\r\nX-Part: one\r\n\r\nfirst\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninside\r\n--b--\r\n";

std::string literal(const std::string& label, const std::string& bytes) {
  return label + " {" + std::to_string(bytes.size()) + "}\r\n" + bytes;
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 7.4.2: flags, dates, sizes, UIDs") {
  deliver("a: b\r\n\r\n", flags(ports::Flag::seen | ports::Flag::flagged, {"$Work"}));
  deliver("a: b\r\n\r\n12345");
  auto client = select();
  CHECK(
      client->send("a FETCH 1:2 (FLAGS UID INTERNALDATE RFC822.SIZE)\r\n") ==
      "* 1 FETCH (FLAGS (\\Flagged \\Seen \\Recent $Work) UID 1 INTERNALDATE \"14-Nov-2023 22:13:20 +0000\" "
      "RFC822.SIZE 8)\r\n"
      "* 2 FETCH (FLAGS (\\Recent) UID 2 INTERNALDATE \"14-Nov-2023 22:13:20 +0000\" RFC822.SIZE 13)\r\n"
      "a OK Fetched\r\n");
  CHECK(client->send("b UID FETCH 2:* UID\r\n") == "* 2 FETCH (UID 2)\r\nb OK Fetched\r\n");
  CHECK(client->send("c UID FETCH 7:9 FLAGS\r\n") == "c OK Fetched\r\n");
  CHECK(has_line(client->send("d FETCH 3 FLAGS\r\n"), "d BAD "));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.4.5: sections of a multipart come byte for byte") {
  const std::string message = multipart;
  deliver(message);
  auto client = select();
  const auto section = [&](const std::string& name) {
    const auto heard = client->send("a FETCH 1 BODY.PEEK[" + name + "]\r\n");
    const std::string head = "* 1 FETCH (BODY[" + name + "] ";
    REQUIRE(heard.starts_with(head));
    const auto open = heard.find('{');
    if (open != head.size()) return heard.substr(head.size(), heard.find(')') - head.size());
    const auto size = std::stoul(heard.substr(open + 1));
    return heard.substr(heard.find("\r\n") + 2, size);
  };
  CHECK(section("") == message);
  CHECK(section("HEADER") == message.substr(0, message.find("preamble")));
  CHECK(section("TEXT") == message.substr(message.find("preamble")));
  CHECK(section("1") == "first");
  CHECK(section("1.MIME") == "Content-Type: text/plain\r\nX-Part: one\r\n\r\n");
  CHECK(section("2") == "Subject: inner\r\n\r\ninside");
  CHECK(section("2.HEADER") == "Subject: inner\r\n\r\n");
  CHECK(section("2.TEXT") == "inside");
  CHECK(section("2.1") == "inside");
  CHECK(section("HEADER.FIELDS (subject x-none)") == "Subject: hi\r\n\r\n");
  CHECK(section("2.HEADER.FIELDS.NOT (Subject)") == "\r\n");
  CHECK(section("3") == "NIL");
  CHECK(section("1.HEADER") == "NIL");
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.4.5: partial fetches are cut at the end") {
  deliver("Subject: hi\r\n\r\n0123456789");
  auto client = select();
  CHECK(client->send("a FETCH 1 (BODY.PEEK[TEXT]<2.3> BODY.PEEK[TEXT]<8.100> BODY.PEEK[TEXT]<50.1>)\r\n") ==
        "* 1 FETCH (" + literal("BODY[TEXT]<2>", "234") + " " + literal("BODY[TEXT]<8>", "89") + " " +
            literal("BODY[TEXT]<50>", "") + ")\r\na OK Fetched\r\n");
  CHECK(client->send("b FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject)]<3.4>\r\n") ==
        "* 1 FETCH (" + literal("BODY[HEADER.FIELDS (Subject)]<3>", "ject") + ")\r\nb OK Fetched\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.4.5: ENVELOPE, BODY and the RFC822 items") {
  deliver("From: Fred <fred@example.test>\r\nSubject: hi\r\n\r\ntext\r\n");
  auto client = select();
  const std::string fred = "((\"Fred\" NIL \"fred\" \"example.test\"))";
  CHECK(client->send("a FETCH 1 (ENVELOPE BODY)\r\n") ==
        "* 1 FETCH (ENVELOPE (NIL \"hi\" " + fred + " " + fred + " " + fred +
            " NIL NIL NIL NIL NIL) BODY (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 6 "
            "1))\r\n"
            "a OK Fetched\r\n");
  CHECK(client->send("b FETCH 1 (RFC822.HEADER)\r\n").find("FLAGS") == std::string::npos);
  CHECK(client->send("c FETCH 1 RFC822.TEXT\r\n") ==
        "* 1 FETCH (FLAGS (\\Seen \\Recent) " + literal("RFC822.TEXT", "text\r\n") + ")\r\nc OK Fetched\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.4.5: BODY[] sets \\Seen and says so once; PEEK does not") {
  deliver_many(2);
  auto client = select();
  CHECK(client->send("a FETCH 1 BODY.PEEK[]\r\n").find("FLAGS") == std::string::npos);
  const auto heard = client->send("b FETCH 1:2 BODY[]\r\n");
  CHECK(has_line(heard, "* 1 FETCH (FLAGS (\\Seen \\Recent) BODY[] {"));
  CHECK(heard.find("FETCH (FLAGS", heard.find("* 2 FETCH") + 12) == std::string::npos);
  CHECK(mailboxes.flags_of(alice, "INBOX", 2).system == ports::Flag::seen);
  CHECK(client->send("c FETCH 1 BODY[]\r\n").find("FLAGS") == std::string::npos);
  CHECK(client->send("d NOOP\r\n") == "d OK Done\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "an implicit \\Seen that cannot be committed is left out") {
  deliver_many(1);
  auto client = select();
  mailboxes.fail_with(Errc::unavailable, false);
  const auto heard = client->send("a FETCH 1 BODY[]\r\n");
  CHECK(has_line(heard, "* 1 FETCH (BODY[] {"));
  CHECK(has_line(heard, "a OK "));
  mailboxes.fail_with(std::nullopt);
  CHECK(mailboxes.flags_of(alice, "INBOX", 1).system == 0);
}

TEST_CASE_FIXTURE(SessionFixture, "a message that was expunged but not announced is still fetched") {
  deliver_many(3);
  auto client = select();
  mailboxes.expunge_now(alice, "INBOX", 2);
  const auto heard = client->send("a FETCH 1:3 (UID BODY.PEEK[TEXT])\r\n");
  CHECK(has_line(heard, "* 2 FETCH (UID 2 BODY[TEXT] {6}\r\nbody\r\n"));
  CHECK(has_line(heard, "* 3 FETCH (UID 3 "));
  CHECK(heard.find("EXPUNGE") == std::string::npos);
  CHECK(client->send("b NOOP\r\n") == "* 2 EXPUNGE\r\nb OK Done\r\n");
  CHECK(client->send("c FETCH 2 UID\r\n") == "* 2 FETCH (UID 3)\r\nc OK Fetched\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "large messages stream in pieces, in bounded memory, and come back whole") {
  std::string message = "Subject: large\r\n\r\n";
  while (message.size() < 3'000'000)
    message += "a line of the large message " + std::to_string(message.size()) + "\r\n";
  deliver(message);
  auto client = select();
  mailboxes.read_at_most(100'000);
  CHECK(client->send("a FETCH 1 BODY.PEEK[]\r\n") ==
        "* 1 FETCH (" + literal("BODY[]", message) + ")\r\na OK Fetched\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "many small messages are read by few requests, and come back in order") {
  std::string expected;
  for (int i = 1; i <= 600; ++i) {
    const std::string message =
        "Subject: " + std::to_string(i) + "\r\n\r\n" + std::string(1000 + i, 'x') + "\r\n";
    deliver(message);
    expected += "* " + std::to_string(i) + " FETCH (" + literal("BODY[]", message) + ")\r\n";
  }
  auto client = select();
  CHECK(client->send("a FETCH 1:* BODY.PEEK[]\r\n") == expected + "a OK Fetched\r\n");
  CHECK(mailboxes.reads_asked() <= 5);
  mailboxes.read_at_most(1777);  // answers that end in the middle of a message
  CHECK(client->send("b FETCH 1:* BODY.PEEK[]\r\n") == expected + "b OK Fetched\r\n");
  const auto fields =
      client->send("c FETCH 1:* (BODY.PEEK[HEADER.FIELDS (Subject)]<3.4> BODY.PEEK[]<5.3>)\r\n");
  CHECK(has_line(fields, "* 600 FETCH (" + literal("BODY[HEADER.FIELDS (Subject)]<3>", "ject") + " " +
                             literal("BODY[]<5>", "ct:") + ")\r\nc OK "));
}

TEST_CASE_FIXTURE(SessionFixture,
                  "a failure between two windows takes back what was begun, and tells the rest") {
  for (int i = 1; i <= 100; ++i) deliver("a: b\r\n\r\n" + std::string(10'000, 'x') + "\r\n");
  auto client = select();
  mailboxes.fail_reads_after(1);
  const auto heard = client->send("a FETCH 1:* BODY.PEEK[]\r\n");
  CHECK(has_line(heard, "* 52 FETCH ("));
  CHECK_FALSE(has_line(heard, "* 53 FETCH ("));
  CHECK(heard.ends_with(")\r\na NO [UNAVAILABLE] Mailbox storage is not available now, try again\r\n"));
}

TEST_CASE_FIXTURE(SessionFixture,
                  "a message that was swept before it was told is left out, the others are given") {
  deliver_many(4);
  auto client = select();
  for (const Uid uid : {2, 3}) mailboxes.expunge_now(alice, "INBOX", uid);
  mailboxes.sweep(alice, "INBOX", 2);
  for (const std::string items : {"BODY.PEEK[]", "(ENVELOPE BODY.PEEK[TEXT])"}) {
    const auto heard = client->send("a FETCH 1:4 " + items + "\r\n");
    CHECK_FALSE(has_line(heard, "* 2 FETCH "));
    CHECK(has_line(heard, "* 3 FETCH "));
    CHECK(has_line(heard, "* 4 FETCH "));
    CHECK(has_line(heard, "a NO [EXPUNGEISSUED] "));
  }
}

TEST_CASE_FIXTURE(SessionFixture, "many messages are fetched in batches, with the right numbers over gaps") {
  deliver_many(2600);
  for (Uid uid = 10; uid < 2600; uid += 7) mailboxes.expunge_now(alice, "INBOX", uid);
  auto client = select();
  const auto heard = client->send("a UID FETCH 1:* (ENVELOPE)\r\n");
  const auto uids = mailboxes.uids_of(alice, "INBOX");
  std::size_t number = 0, at = 0;
  for (const auto& run : uids.runs()) {
    for (Uid uid = run.first; uid <= run.last; ++uid) {
      const auto line = "* " + std::to_string(++number) + " FETCH (UID " + std::to_string(uid) + " ";
      at = heard.find(line, at);
      REQUIRE(at != std::string::npos);
    }
  }
}

TEST_CASE_FIXTURE(SessionFixture, "pipelined commands cost one look for changes in all") {
  deliver_many(3);
  auto client = select();
  const auto before = mailboxes.changes_asked();
  const auto heard = client->send("a FETCH 1 FLAGS\r\nb FETCH 2 FLAGS\r\nc FETCH 3 FLAGS\r\n");
  CHECK(has_line(heard, "c OK "));
  CHECK(mailboxes.changes_asked() == before + 1);
}

TEST_CASE_FIXTURE(SessionFixture,
                  "RFC 3501, 7.2.6: a keyword that is new to the client is announced before it is shown") {
  deliver_many(1);
  auto client = select();
  mailboxes.set_flags(alice, "INBOX", 1, flags(0, {"$New"}));
  CHECK(client->send("a FETCH 1 FLAGS\r\n") ==
        "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $New)\r\n"
        "* 1 FETCH (FLAGS (\\Recent $New))\r\na OK Fetched\r\n");
}

}  // namespace
}  // namespace gridmail::imap
