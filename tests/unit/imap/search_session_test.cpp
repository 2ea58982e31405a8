// SEARCH: RFC 3501, section 6.4.4, key by key.
#include "tests/unit/imap/session_fixture.hpp"

namespace gridmail::imap {
namespace {

class SearchFixture : public SessionFixture {
 public:
  SearchFixture() {
    deliver(
        "From: Fred Foobar <fred@example.test>\r\nTo: bob@example.test\r\nCc: carol@example.test\r\n"
        "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= from afar\r\nDate: Mon, 1 Jan 2024 23:30:00 -0800\r\n"
        "X-Thing: some value\r\n\r\nplain text of the first\r\n",
        flags(ports::Flag::seen | ports::Flag::flagged, {"$Work"}));
    mailboxes.deliver(
        alice, "INBOX",
        "From: mary@example.test\r\nBcc: dave@example.test\r\nDate: Tue, 2 Jan 2024 10:00:00 +0000\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "caf=E9 in the morning\r\n--b\r\nContent-Type: application/octet-stream\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nc2VjcmV0\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        "Subject: nested subject\r\n\r\nnested body\r\n--b--\r\n",
        flags(ports::Flag::answered | ports::Flag::deleted), 1'704'200'000'000'000);
    deliver("\r\n" + std::string(500, 'x') + "\r\n", flags(ports::Flag::draft));
    client = select();
  }

  std::string search(const std::string& keys) {
    const auto heard = client->send("a SEARCH " + keys + "\r\n");
    if (!heard.starts_with("* SEARCH")) return heard;
    CHECK(has_line(heard, "a OK "));
    return heard.substr(8, heard.find("\r\n") - 8);
  }
  Client client;
};

TEST_CASE_FIXTURE(SearchFixture, "by flags and keywords") {
  CHECK(search("ALL") == " 1 2 3");
  CHECK(search("SEEN") == " 1");
  CHECK(search("UNSEEN") == " 2 3");
  CHECK(search("FLAGGED") == " 1");
  CHECK(search("UNFLAGGED") == " 2 3");
  CHECK(search("ANSWERED") == " 2");
  CHECK(search("UNANSWERED") == " 1 3");
  CHECK(search("DELETED") == " 2");
  CHECK(search("UNDELETED") == " 1 3");
  CHECK(search("DRAFT") == " 3");
  CHECK(search("UNDRAFT") == " 1 2");
  CHECK(search("KEYWORD $work") == " 1");
  CHECK(search("UNKEYWORD $Work") == " 2 3");
  CHECK(search("RECENT") == " 1 2 3");
  CHECK(search("NEW") == " 2 3");
  CHECK(search("OLD") == "");
}

TEST_CASE_FIXTURE(SearchFixture, "a message too large to be read whole is searched in all its pieces") {
  std::string large = "Subject: large\r\n";
  while (large.size() < 300'000) large += "X-Filler: " + std::string(60, 'y') + "\r\n";
  large += "X-Last: needle in the header\r\n\r\n";
  for (int line = 0; line < 20'000; ++line) large += "some text in a line\r\n";
  deliver(large + "needle in the body\r\n");
  client->send("a NOOP\r\n");  // tells of it
  CHECK(search("SUBJECT large") == " 4");
  CHECK(search("HEADER X-Filler yyy") == " 4");
  CHECK(search("HEADER X-Last \"needle in the header\"") == " 4");
  CHECK(search("BODY \"needle in the body\"") == " 4");
  CHECK(search("TEXT \"needle in the\"") == " 4");
  CHECK(search("BODY \"nowhere to be found\"") == "");
}

TEST_CASE_FIXTURE(SearchFixture, "by numbers, UIDs, sizes and logic") {
  CHECK(search("2:*") == " 2 3");
  CHECK(search("UID 1,3,99") == " 1 3");
  CHECK(search("LARGER 450") == " 3");
  CHECK(search("SMALLER 450") == " 1 2");
  CHECK(search("NOT SEEN") == " 2 3");
  CHECK(search("OR SEEN DRAFT") == " 1 3");
  CHECK(search("(SEEN FLAGGED)") == " 1");
  CHECK(search("NOT (OR SEEN DRAFT)") == " 2");
  CHECK(search("UNSEEN 1:2") == " 2");
  CHECK(has_line(search("9"), "a BAD "));
}

TEST_CASE_FIXTURE(SearchFixture, "by internal and sent dates, without regard to time and zone") {
  CHECK(search("ON 14-Nov-2023") == " 1 3");
  CHECK(search("SINCE 2-Jan-2024") == " 2");
  CHECK(search("BEFORE \"2-Jan-2024\"") == " 1 3");
  CHECK(search("SENTON 1-Jan-2024") == " 1");
  CHECK(search("SENTSINCE 1-Jan-2024") == " 1 2");
  CHECK(search("SENTBEFORE 2-Jan-2024") == " 1");
}

TEST_CASE_FIXTURE(SearchFixture, "by addresses and subject, decoded and without regard to case") {
  CHECK(search("FROM foobar") == " 1");
  CHECK(search("FROM fred@EXAMPLE") == " 1");
  CHECK(search("TO bob") == " 1");
  CHECK(search("CC carol") == " 1");
  CHECK(search("BCC dave") == " 2");
  CHECK(search("SUBJECT AFAR") == " 1");
  CHECK(search("CHARSET UTF-8 SUBJECT \"gr\xc3\xbc\xc3\x9f\"") == " 1");
  CHECK(search("SUBJECT {7+}\r\ngr\xc3\xbc\xc3\x9f"
               "e") == " 1");
}

TEST_CASE_FIXTURE(SearchFixture, "by header fields") {
  CHECK(search("HEADER X-Thing \"SOME\"") == " 1");
  CHECK(search("HEADER x-thing \"\"") == " 1");
  CHECK(search("HEADER X-None \"\"") == "");
}

TEST_CASE_FIXTURE(SearchFixture, "by text: transfer encodings and charsets undone, attachments left out") {
  CHECK(search("BODY \"of the first\"") == " 1");
  CHECK(search("BODY caf\xc3\xa9") == "a BAD Unexpected text after the command's arguments\r\n");
  CHECK(search("BODY \"caf\xc3\xa9\"") == " 2");
  CHECK(search("BODY nested") == " 2");
  CHECK(search("BODY \"nested subject\"") == " 2");
  CHECK(search("BODY c2VjcmV0") == "");
  CHECK(search("BODY Foobar") == "");
  CHECK(search("TEXT Foobar") == " 1");
  CHECK(search("TEXT morning") == " 2");
}

TEST_CASE_FIXTURE(SearchFixture, "RFC 3501, 6.4.4: an unknown charset gives NO [BADCHARSET]") {
  CHECK(
      has_line(client->send("a SEARCH CHARSET X-KLINGON TEXT x\r\n"), "a NO [BADCHARSET (US-ASCII UTF-8)] "));
  CHECK(search("CHARSET US-ASCII TEXT morning") == " 2");
}

TEST_CASE_FIXTURE(SearchFixture, "UID SEARCH answers with UIDs, and expunged messages are not found") {
  mailboxes.expunge_now(alice, "INBOX", 1);
  CHECK(search("UNDELETED") == " 3");
  CHECK(client->send("b UID SEARCH UNDELETED\r\n") == "* SEARCH 3\r\n* 1 EXPUNGE\r\nb OK Searched\r\n");
  CHECK(search("UNDELETED") == " 2");
}

}  // namespace
}  // namespace gridmail::imap
