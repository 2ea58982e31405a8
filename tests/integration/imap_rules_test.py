"""RFC 3501 and its extensions as a picky and a hostile client tries them, on real nodes, through a node that does not
hold the mailbox."""

import base64
import re
import ssl
import time

from grid import GridCase, insecure_tls

NESTED = (b"From: Fred <fred@example.test>\r\nSubject: outer\r\nX-One: 1\r\nMIME-Version: 1.0\r\n"
          b"Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n"
          b"--b\r\nContent-Type: text/plain\r\nX-Part: one\r\n\r\nfirst\r\n"
          b"--b\r\nContent-Type: message/rfc822\r\n\r\n"
          b"Subject: inner\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
          b"--c\r\nContent-Type: text/html\r\n\r\n<p>\r\n--c--\r\n"
          b"--b--\r\n")


class Session:
    """One IMAP connection; literals in answers are taken apart."""

    def __init__(self, case, node, user, log_in=True):
        self.client = case.raw(node, "imap")
        case.addCleanup(self.client.close)
        self.number = 0
        self.greeting = self.client.line()
        if log_in:
            status = self.run(f'LOGIN "{user["address"]}" "{user["password"]}"')[0]
            case.assertEqual("OK", status)

    def response(self):
        """The next response whole, with its literals in place."""
        whole = b""
        while True:
            line = self.client.file.readline()
            if not line:
                raise AssertionError(f"connection closed after {whole!r}")
            whole += line
            literal = re.search(rb"\{(\d+)\}\r\n$", line)
            if not literal:
                return whole[:-2]
            whole += self.client.file.read(int(literal[1]))

    def run(self, command, data=()):
        """(status, text of the tagged line, untagged responses); `data` goes piece by piece after each "+"."""
        self.number += 1
        tag = f"c{self.number}"
        command = command if isinstance(command, bytes) else command.encode()
        self.client.send(tag.encode() + b" " + command + b"\r\n")
        return self.answer(tag, data)

    def answer(self, tag, data=()):
        data, untagged = list(data), []
        while True:
            response = self.response()
            if response.startswith(b"+"):
                self.client.send(data.pop(0) if data else b"*\r\n")
            elif response.startswith(tag.encode() + b" "):
                status, text = response.split(b" ", 2)[1:]
                return status.decode(), text.decode(), untagged
            else:
                untagged.append(response)


class RulesCase(GridCase):
    def session(self, which=0, log_in=True):
        return Session(self, self.not_primary(self.user, which), self.user, log_in)

    def setUp(self):
        super().setUp()
        self.imap = self.session()
        for name in ("a/b/c", "a/b", "a", "x", "Tree/Two", "Tree", "New/Two", "New", "Old", "Other"):
            self.imap.run(f"DELETE {name}")
            self.imap.run(f"UNSUBSCRIBE {name}")

    def check(self, expected, command, data=(), imap=None):
        """The command's status and maybe its code: "OK", "NO [TRYCREATE]"; gives the untagged responses."""
        session = imap or self.imap
        status, text, untagged = session.run(command, data)
        self.assertTrue(f"{status} {text}".startswith(expected), f"{command!r}: {status} {text}")
        if status == "BAD":
            self.assertEqual("OK", session.run("NOOP")[0])  # many in a row would end the connection
        return untagged

    def append(self, message=b"Subject: hello\r\n\r\nbody\r\n", mailbox="INBOX", arguments=""):
        return self.check("OK [APPENDUID", f"APPEND {mailbox} {arguments}{{{len(message)}}}", [message + b"\r\n"])


class Framing(RulesCase):
    def test_literals_anywhere_of_any_length(self):
        self.check("NO", "SELECT {0}", [b"\r\n"])
        self.check("OK", "SELECT {5}", [b"INBOX\r\n"])
        self.check("OK", "SELECT {5+}\r\nINBOX")
        self.check("OK", b"LIST {0+}\r\n {1+}\r\n*")
        self.check("OK", b"LIST {0+}\r\n {0+}\r\n")
        self.check("BAD", "LOGIN {1}", [b"x {1}\r\n", b"y\r\n"])
        self.check("BAD", b"SELECT {5+}\r\nIN\0OX")
        self.check("BAD", "SELECT {4294967296}")
        self.check("BAD", "SELECT {-1}")
        self.check("OK", "NOOP")

    def test_pipelined_commands_are_answered_in_order(self):
        self.append()
        self.imap.client.send(b"p1 SELECT INBOX\r\np2 FETCH 1 (UID)\r\np3 FETCH 9 (UID)\r\np4 STORE 1 +FLAGS (\\Deleted)\r\n"
                              b"p5 EXPUNGE\r\np6 FETCH 1 (UID)\r\np7 CLOSE\r\np8 NOOP\r\n")
        statuses = [self.imap.answer(f"p{number}")[0] for number in range(1, 9)]
        self.assertEqual(["OK", "OK", "BAD", "OK", "OK", "BAD", "OK", "OK"], statuses)

    def test_log_out_ends_what_was_pipelined(self):
        self.imap.client.send(b"p1 NOOP\r\np2 LOGOUT\r\np3 CREATE x\r\n")
        self.assertEqual("OK", self.imap.answer("p1")[0])
        status, _, untagged = self.imap.answer("p2")
        self.assertEqual("OK", status)
        self.assertTrue(untagged[-1].startswith(b"* BYE"))
        self.assertTrue(self.imap.client.is_closed())
        self.check("NO [NONEXISTENT]", "SELECT x", imap=self.session())

    def test_plaintext_sent_along_with_starttls_is_not_run(self):
        imap = self.session(log_in=False)
        imap.client.send(b"s1 STARTTLS\r\ns2 CREATE injected\r\ns3 NOOP\r\n")
        self.assertTrue(imap.client.line().startswith(b"s1 OK"))
        try:
            wrapped = insecure_tls().wrap_socket(imap.client.socket)
        except (ssl.SSLError, ConnectionError):
            return  # breaking it off is right as well
        self.addCleanup(wrapped.close)
        wrapped.sendall(b"s4 CAPABILITY\r\n")
        heard = b""
        while b"s4 " not in heard:
            piece = wrapped.recv(4096)
            self.assertTrue(piece)
            heard += piece
        self.assertNotIn(b"s2", heard)
        self.assertNotIn(b"s3", heard)
        self.assertNotIn(b"STARTTLS", heard)
        self.assertIn(b"AUTH=PLAIN", heard)

    def test_authenticate_is_cancelled_and_initial_responses_are_taken(self):
        imap = self.session(log_in=False)
        self.check("BAD", "AUTHENTICATE PLAIN", [b"*\r\n"], imap)
        self.check("NO", "AUTHENTICATE FROBNICATE", imap=imap)
        self.check("BAD", "AUTHENTICATE PLAIN =", imap=imap)
        words = b"\0%s\0%s" % (self.user["address"].encode(), self.user["password"].encode())
        self.check("OK [CAPABILITY", b"AUTHENTICATE PLAIN " + base64.b64encode(words), imap=imap)
        self.check("BAD", "AUTHENTICATE PLAIN", imap=imap)
        self.check("BAD", "STARTTLS", imap=imap)


class Sets(RulesCase):
    def setUp(self):
        super().setUp()
        for _ in range(3):
            self.append()
        self.check("OK", "SELECT INBOX")

    def numbers(self, command):
        return [int(line.split()[1]) for line in self.check("OK", command) if b"FETCH" in line]

    def test_sets_in_any_order_and_beyond_the_end(self):
        self.assertEqual([1, 2, 3], self.numbers("FETCH 3:1 (UID)"))
        self.assertEqual([3], self.numbers("FETCH * (UID)"))
        self.assertEqual([1, 2, 3], self.numbers("FETCH *:1 (UID)"))
        self.assertEqual([1, 2, 3], self.numbers("FETCH 1,2:3,1:*,3 (UID)"))
        self.assertEqual([1, 2, 3], self.numbers("UID FETCH 1:4294967295 (FLAGS)"))
        self.assertEqual([3], self.numbers("UID FETCH 4294967295:* (FLAGS)"))
        self.assertEqual([], self.numbers("UID FETCH 4294967294:4294967295 (FLAGS)"))
        for wrong in ("1:4294967295", "4", "0", "1:", ":1", "1,", "", "1:2:3", "4294967296", "a", "1;2", "-1", "**"):
            self.check("BAD", f"FETCH {wrong} (UID)")
        self.check("BAD", "UID FETCH 0 (FLAGS)")
        self.check("BAD", "FETCH " + ",".join(["1:*"] * 30_000) + " (UID)")
        self.check("OK", "FETCH " + ",".join(["1:*"] * 10_000) + " (UID)")
        self.check("OK", "NOOP")

    def test_an_empty_mailbox(self):
        self.check("OK", "SELECT Drafts")
        self.check("BAD", "FETCH 1:* (UID)")
        self.assertEqual([], self.check("OK", "UID FETCH 1:* (FLAGS)"))
        self.assertEqual([b"* SEARCH"], self.check("OK", "SEARCH ALL"))
        self.assertEqual([b"* SEARCH"], self.check("OK", "UID SEARCH UID 1:*"))


class Fetching(RulesCase):
    def setUp(self):
        super().setUp()
        self.append(NESTED)
        self.check("OK", "SELECT INBOX")

    def section(self, item):
        """What stands behind the item's name: bytes, or None for NIL."""
        response = self.check("OK", f"FETCH 1 (BODY.PEEK{item})")[0]
        label = item.split("<")[0] + (f"<{item.split('<')[1].split('.')[0]}>" if "<" in item else "")
        begin = f"* 1 FETCH (BODY{label} ".encode()
        self.assertTrue(response.startswith(begin), response)
        value = response[len(begin):-1]
        return None if value == b"NIL" else value.split(b"}\r\n", 1)[1]

    def test_sections(self):
        inner = NESTED[NESTED.index(b"Subject: inner"):NESTED.index(b"\r\n--b--")]
        self.assertEqual(NESTED, self.section("[]"))
        self.assertEqual(NESTED.split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n", self.section("[HEADER]"))
        self.assertEqual(NESTED.split(b"\r\n\r\n", 1)[1], self.section("[TEXT]"))
        self.assertEqual(b"first", self.section("[1]"))
        self.assertEqual(b"Content-Type: text/plain\r\nX-Part: one\r\n\r\n", self.section("[1.MIME]"))
        self.assertEqual(inner, self.section("[2]"))
        self.assertEqual(b"Content-Type: message/rfc822\r\n\r\n", self.section("[2.MIME]"))
        self.assertEqual(inner.split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n", self.section("[2.HEADER]"))
        self.assertEqual(inner.split(b"\r\n\r\n", 1)[1], self.section("[2.TEXT]"))
        self.assertEqual(b"<p>", self.section("[2.1]"))
        self.assertEqual(b"Content-Type: text/html\r\n\r\n", self.section("[2.1.MIME]"))
        self.assertEqual(b"Subject: inner\r\n\r\n", self.section("[2.HEADER.FIELDS (SUBJECT)]"))
        self.assertEqual(b"Subject: outer\r\n\r\n", self.section("[HEADER.FIELDS (Subject Nothing)]"))
        self.assertEqual(b"From: Fred <fred@example.test>\r\nX-One: 1\r\n\r\n",
                         self.section("[HEADER.FIELDS.NOT (Subject MIME-Version Content-Type)]"))
        self.assertEqual(b"\r\n", self.section("[HEADER.FIELDS (Nothing)]"))
        for missing in ("[3]", "[1.1]", "[1.HEADER]", "[2.2]", "[2.1.1]", "[1.2.MIME]"):
            self.assertIsNone(self.section(missing), missing)

    def test_partial_sections(self):
        self.assertEqual(NESTED[5:8], self.section("[]<5.3>"))
        self.assertEqual(b"", self.section("[]<99999.3>"))
        self.assertEqual(NESTED[-2:], self.section(f"[]<{len(NESTED) - 2}.4294967295>"))
        self.assertEqual(b"st", self.section("[1]<3.10>"))
        self.assertEqual(b"bject", self.section("[HEADER.FIELDS (Subject)]<2.5>"))
        for wrong in ("[]<0.0>", "[]<1>", "[]<1.>", "[]<.1>", "[]<-1.5>", "[]<0.4294967296>"):
            self.check("BAD", f"FETCH 1 BODY.PEEK{wrong}")

    def test_wrong_items_are_refused(self):
        for wrong in ("", "()", "FROB", "BODY[", "BODY[]]", "BODY[0]", "BODY[1.]", "BODY[.1]", "BODY[MIME]", "BODY[1.FROB]",
                      "BODY[HEADER.FIELDS]", "BODY[HEADER.FIELDS ()]", "BODY.PEEK", "(FLAGS", "FLAGS)", "(FLAGS  UID)",
                      "(ALL)", "BODYSTRUCTURE[]", "RFC822.PEEK", "FLAGS UID"):
            self.check("BAD", f"FETCH 1 {wrong}")
        self.check("OK", "NOOP")

    def test_macros_and_old_names(self):
        for macro, items in (("ALL", (b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE", b"ENVELOPE")),
                             ("FAST", (b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE")),
                             ("FULL", (b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE", b"ENVELOPE", b"BODY ("))):
            response = self.check("OK", f"fetch 1 {macro.lower()}")[0]
            for item in items:
                self.assertIn(item, response)
        self.assertIn(b"RFC822.HEADER {", self.check("OK", "FETCH 1 RFC822.HEADER")[0])
        self.assertNotIn(b"\\Seen", self.check("OK", "FETCH 1 FLAGS")[0])
        self.assertIn(b"\\Seen", self.check("OK", "FETCH 1 RFC822.TEXT")[0])

    def test_a_message_that_another_session_expunged_is_still_fetched(self):
        for _ in range(2):
            self.append()
        self.check("OK", "NOOP")
        other = self.session(1)
        self.check("OK", "SELECT INBOX", imap=other)
        self.check("OK", r"STORE 1:2 +FLAGS (\Deleted)", imap=other)
        self.assertEqual([b"* 2 EXPUNGE", b"* 1 EXPUNGE"], self.check("OK", "EXPUNGE", imap=other))
        fetched = self.check("OK", "FETCH 1:3 (UID FLAGS BODY.PEEK[])")
        self.assertEqual(3, sum(b" FETCH (" in line for line in fetched), fetched)
        self.assertIn(NESTED, fetched[0])
        self.assertIn(b"\\Deleted", fetched[0])
        self.check("NO [EXPUNGEISSUED]", r"STORE 1 +FLAGS (\Flagged)")
        self.assertEqual(1, len(self.check("OK", "FETCH 3 UID")))
        self.assertEqual([b"* 2 EXPUNGE", b"* 1 EXPUNGE"], self.check("NO [EXPUNGEISSUED]", "COPY 1:3 Archive"))
        self.check("BAD", "FETCH 2 UID")


class Searching(RulesCase):
    def setUp(self):
        super().setUp()
        self.append(b"Subject: first one\r\nFrom: Fred <fred@example.test>\r\nDate: Wed, 1 May 2024 10:00:00 +0000\r\n\r\nbody text\r\n",
                    arguments=r'(\Seen $Work) "02-May-2024 10:00:00 +0000" ')
        self.append("Subject: =?iso-8859-1?Q?Caf=E9?=\r\nTo: b@example.test\r\n\r\ngrün\r\n".encode(), arguments=r"(\Flagged) ")
        self.check("OK", "SELECT INBOX")

    def found(self, keys, data=()):
        return self.check("OK", b"SEARCH " + (keys if isinstance(keys, bytes) else keys.encode()), data)[0][9:].decode()

    def test_every_key(self):
        for keys, expected in (
                ("ALL", "1 2"), ("ANSWERED", ""), ("UNANSWERED", "1 2"), ("SEEN", "1"), ("UNSEEN", "2"), ("FLAGGED", "2"),
                ("UNFLAGGED", "1"), ("DELETED", ""), ("UNDELETED", "1 2"), ("DRAFT", ""), ("UNDRAFT", "1 2"),
                ("KEYWORD $work", "1"), ("UNKEYWORD $Work", "2"), ("BEFORE 3-May-2024", "1"), ("ON 2-May-2024", "1"),
                ("SINCE 3-May-2024", "2"), ("SENTBEFORE 2-May-2024", "1"), ("SENTON \"1-May-2024\"", "1"),
                ("SENTSINCE 1-May-2024", "1"), ("FROM fred", "1"), ("TO b@example", "2"), ("CC x", ""), ("BCC x", ""),
                ("SUBJECT ONE", "1"), ("BODY text", "1"), ("TEXT first", "1"), ("HEADER From fred", "1"),
                ("HEADER To \"\"", "2"), ("LARGER 10", "1 2"), ("SMALLER 10", ""), ("UID 1:*", "1 2"), ("NOT SEEN", "2"),
                ("OR SEEN FLAGGED", "1 2"), ("(SEEN FLAGGED)", ""), ("1", "1"), ("2:1", "1 2"), ("* UNSEEN", "2"),
                ("NOT (OR (SEEN) 2)", ""), ("OLD", ""), ("RECENT", "1 2"), ("NEW", "2")):
            self.assertEqual(expected, self.found(keys), keys)

    def test_charsets_and_literals(self):
        self.assertEqual("2", self.found("CHARSET UTF-8 SUBJECT {5}", ["café".encode() + b"\r\n"]))
        self.assertEqual("2", self.found(b"CHARSET ISO-8859-1 SUBJECT {4+}\r\ncaf\xe9"))
        self.assertEqual("2", self.found("CHARSET UTF-8 BODY {5+}\r\nGRÜN"))
        self.assertEqual("1 2", self.found("SUBJECT {0}", [b"\r\n"]) or "1 2")
        self.check("NO [BADCHARSET", "SEARCH CHARSET X-KLINGON ALL")
        self.check("OK", "SEARCH CHARSET us-ascii ALL")

    def test_wrong_keys_are_refused(self):
        for wrong in ("", "FROB", "NOT", "OR SEEN", "SUBJECT", "KEYWORD", "BEFORE yesterday", "ON 32-May-2024", "LARGER", "LARGER x",
                      "(SEEN", "SEEN)", "()", "3", "UID", "CHARSET", "CHARSET UTF-8", "HEADER From", "(" * 200 + "SEEN" + ")" * 200,
                      "NOT " * 500 + "SEEN"):
            self.check("BAD", f"SEARCH {wrong}".rstrip())
        self.check("OK", "NOOP")


class Mailboxes(RulesCase):
    def names(self, command, response=b"LIST"):
        """{name: attributes} of the untagged responses."""
        rows = [re.fullmatch(rb'\* ' + response + rb' \(([^)]*)\) "/" "?(.*?)"?', line) for line in self.check("OK", command)]
        return {row[2].decode(): row[1].decode() for row in rows if row}

    def test_trees(self):
        self.check("OK", "CREATE a/b/c/")
        self.check("NO [ALREADYEXISTS]", "CREATE a/b/c")
        self.check("OK", "DELETE a/b")
        self.assertEqual({"a": r"\HasChildren", "a/b": r"\Noselect \HasChildren", "a/b/c": r"\HasNoChildren"},
                         self.names('LIST "" a*'))
        self.check("NO", "SELECT a/b")
        self.check("NO", "DELETE a/b")
        self.check("OK", "CREATE a/b")
        self.assertEqual({"a/b": r"\HasChildren"}, self.names("LIST a/ %"))
        self.check("NO", "RENAME a a/b/d")
        self.check("NO [ALREADYEXISTS]", "RENAME a x/../INBOX".replace("x/../", ""))
        self.check("OK", "RENAME a New/Two")
        self.assertEqual({"New", "New/Two", "New/Two/b", "New/Two/b/c"}, set(self.names('LIST "" New*')))
        self.assertEqual({}, self.names('LIST "" a*'))
        self.check("NO [NONEXISTENT]", "RENAME a b")
        for name in ("New/Two/b/c", "New/Two/b", "New/Two", "New"):
            self.check("OK", f"DELETE {name}")
        self.check("NO [NONEXISTENT]", "DELETE New")

    def test_inbox(self):
        self.check("NO", "CREATE inbox")
        self.check("NO", "DELETE InBox")
        self.check("NO", "RENAME a INBOX")
        self.append()
        before = self.check("OK", "STATUS inbox (UIDVALIDITY UIDNEXT)")
        self.check("OK", "RENAME INBOX Old")
        self.assertEqual([b"* STATUS INBOX (MESSAGES 0)"], self.check("OK", "STATUS inBOX (MESSAGES)"))
        self.assertEqual(before, self.check("OK", "STATUS INBOX (UIDVALIDITY UIDNEXT)"))
        self.assertEqual([b"* STATUS Old (MESSAGES 1)"], self.check("OK", "STATUS Old (MESSAGES)"))
        self.check("OK", "DELETE Old")

    def test_names(self):
        for good in ("x", '"with space"', '"quote\\"and\\\\"', "&AOkA6A-", "a&-b", "Tree/Two", "{3+}\r\na)b", "x]y"):
            self.check("OK", f"CREATE {good}")
            self.assertEqual(1, len(self.check("OK", f'LIST "" {good}')), good)
            self.check("OK", f"SUBSCRIBE {good}")
            self.check("OK", f"STATUS {good} (MESSAGES)")
            self.check("OK", f"UNSUBSCRIBE {good}")
            self.check("OK", f"DELETE {good}")
        for bad in ('""', "/", "/x", "x//y", "&x", "&AGE-", "&AOkA6A", "&", '"a*b"', '"a%b"', '"\t"', "x" * 2000, "/".join("x" * 300)):
            self.check("NO", f"CREATE {bad}")
        self.check("BAD", "CREATE")
        self.check("BAD", "CREATE x y")
        self.check("BAD", b"CREATE \xc3\xa9")
        self.check("NO", b'CREATE "\xc3\xa9"')

    def test_special_uses(self):
        self.check("OK", r"CREATE x (USE (\Archive))")
        self.assertEqual({"x": r"\HasNoChildren \Archive"}, self.names('LIST "" x'))
        self.check("OK", "DELETE x")
        self.check("NO [USEATTR]", r"CREATE x (USE (\Frobs))")
        self.check("NO [USEATTR]", r"CREATE x (USE (\Archive \Junk))")
        for wrong in ("x (USE)", "x (FROB)", r"x (USE (\Archive)", "x (USE (Archive))", "x USE"):
            self.check("BAD", f"CREATE {wrong}")
        self.check("NO [NONEXISTENT]", "SELECT x")

    def test_lsub(self):
        self.check("OK", "SUBSCRIBE a/b/c")
        self.assertEqual({"a": r"\Noselect"}, {name: value for name, value in self.names('LSUB "" %', b"LSUB").items() if name == "a"})
        self.assertEqual({"a/b/c": r"\Noselect"}, self.names('LSUB "" a*', b"LSUB"))
        self.assertEqual({"a/b": r"\Noselect"}, self.names('LSUB a/ %', b"LSUB"))
        self.check("OK", "CREATE a/b/c")
        self.assertEqual({"a/b/c": ""}, self.names('LSUB "" a*', b"LSUB"))
        self.check("OK", "DELETE a/b/c")
        self.assertEqual({"a/b/c": r"\Noselect"}, self.names('LSUB "" a/b/%', b"LSUB"))
        self.check("OK", "UNSUBSCRIBE a/b/c")
        self.assertEqual({}, self.names('LSUB "" a*', b"LSUB"))

    def test_status_of_the_selected_mailbox_and_wrong_items(self):
        self.append()
        self.check("OK", "SELECT INBOX")
        status = self.check("OK", "STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)")[0]
        self.assertRegex(status, rb"^\* STATUS INBOX \(MESSAGES 1 RECENT 0 UIDNEXT \d+ UIDVALIDITY \d+ UNSEEN 1\)$")
        for wrong in ("INBOX", "INBOX ()", "INBOX (FROB)", "INBOX MESSAGES", "(MESSAGES)"):
            self.check("BAD", f"STATUS {wrong}")
        self.check("NO", "STATUS Nowhere (MESSAGES)")

    def test_close_unselect_and_examine(self):
        self.append()
        self.check("OK", "SELECT INBOX")
        self.check("OK", r"STORE 1 +FLAGS.SILENT (\Deleted)")
        self.check("OK", "UNSELECT")
        self.check("BAD", "UNSELECT")
        self.check("OK [READ-ONLY]", "EXAMINE INBOX")
        self.check("NO", "EXPUNGE")
        self.check("NO", r"STORE 1 -FLAGS (\Deleted)")
        self.check("NO", "MOVE 1 Archive")
        self.check("OK", "CLOSE")
        self.assertIn(b"MESSAGES 1", self.check("OK", "STATUS INBOX (MESSAGES)")[0])
        self.check("OK [READ-WRITE]", "SELECT INBOX")
        self.assertEqual([], self.check("OK", "CLOSE"))
        self.assertIn(b"MESSAGES 0", self.check("OK", "STATUS INBOX (MESSAGES)")[0])


class Messages(RulesCase):
    def test_append_with_odd_dates_and_flags(self):
        self.append(arguments=r'() "29-Feb-2024 23:59:60 +1400" ')
        self.append(arguments=r'(\Seen \seen $A $a \DRAFT) " 1-Jan-1970 00:00:00 -1200" ')
        self.append(arguments='"31-Dec-2099 00:00:00 +0000" ')
        self.check("OK", "SELECT INBOX")
        fetched = self.check("OK", "FETCH 1:3 (FLAGS INTERNALDATE)")
        self.assertIn(rb"(\Seen \Draft \Recent $A)", fetched[1])
        self.assertIn(b'" 1-Jan-1970 00:00:00 -1200"', fetched[1])
        self.assertIn(b'"31-Dec-2099 00:00:00 +0000"', fetched[2])
        for wrong in (r"(\Recent) ", r"(\Frob) ", '"30-Feb-2024 00:00:00 +0000" ', '"1-Feb-24 00:00:00 +0000" ', '"yesterday" ', "(a ",
                      '"01-Feb-2024 24:00:00 +0000" ', '"01-Feb-2024 00:00:00 +9999" '):
            self.check("BAD", f"APPEND INBOX {wrong}{{3}}", [b"a:b\r\n"])
        self.check("NO [TRYCREATE]", "APPEND Nowhere {3}", [b"a:b\r\n"])
        self.check("NO", "APPEND INBOX {0}", [b"\r\n"])
        self.check("BAD", "APPEND INBOX")
        self.check("NO [LIMIT]", f"APPEND INBOX ({'k' * 300}) {{3}}", [b"a:b\r\n"])
        self.assertIn(b"MESSAGES 3", self.check("OK", "STATUS INBOX (MESSAGES)")[0])

    def test_store_and_keywords(self):
        self.append()
        self.check("OK", "SELECT INBOX")
        stored = self.check("OK", r"STORE 1 +FLAGS ($One \Answered)")
        self.assertRegex(stored[0], rb"^\* FLAGS \(.* \$One\)$")  # before a message is shown with it
        self.assertEqual([], self.check("OK", r"STORE 1 -FLAGS.SILENT \Answered $ONE"))
        self.assertIn(rb"FLAGS (\Recent)", self.check("OK", "STORE 1 +FLAGS ()")[0])
        for wrong in (r"+FLAGS (\Recent)", r"FLAGS (\Frob)", "FROB (x)", "+FLAGS", "++FLAGS (x)", "FLAGS.LOUD (x)", "+FLAGS (x"):
            self.check("BAD", f"STORE 1 {wrong}")
        self.check("NO [LIMIT]", f"STORE 1 +FLAGS ({' '.join(f'k{number}' for number in range(101))})")
        self.check("NO [LIMIT]", f"STORE 1 +FLAGS ({'k' * 300})")
        self.check("OK", "STORE 1 FLAGS ()")

    def test_copy_and_move_to_itself_and_to_nowhere(self):
        self.append(b"Subject: one\r\n\r\n1\r\n")
        self.append(b"Subject: two\r\n\r\n2\r\n")
        self.check("OK", "SELECT INBOX")
        for command in ("COPY 1", "UID COPY 1:*", "MOVE 1", "UID MOVE 1:*"):
            self.check("NO [TRYCREATE]", f"{command} Nowhere")
            self.check("NO", f'{command} ""')
        self.assertIn(b"* 3 EXISTS", self.check("OK [COPYUID", "COPY 1 INBOX"))
        moved = self.check("OK", "MOVE 2 INBOX")
        self.assertTrue(moved[0].startswith(b"* OK [COPYUID "), moved)
        self.assertIn(b"* 2 EXPUNGE", moved)
        self.assertIn(b"* 3 EXISTS", moved)
        self.check("OK", "UID COPY 4294967295 Archive")
        self.check("BAD", "COPY 9 Archive")
        self.check("OK", r"STORE 1 +FLAGS (\Deleted)")
        self.check("OK", "UID EXPUNGE 4294967295")
        self.assertEqual([b"* 1 EXPUNGE"], self.check("OK", "UID EXPUNGE 1:*"))

    def test_concurrent_sessions_expunge_while_others_fetch(self):
        for number in range(40):
            self.append(b"Subject: %d\r\n\r\nbody\r\n" % number)
        reader, looking = self.session(1), self.session()
        for session in (self.imap, reader, looking):
            self.check("OK", "SELECT INBOX", imap=session)
        for number in range(20):
            self.check("OK", r"STORE 1:2 +FLAGS.SILENT (\Deleted)")
            self.check("OK", "EXPUNGE")
            fetched = self.check("OK", "FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (Subject)])", imap=reader)
            self.assertEqual([], [line for line in fetched if b"EXPUNGE" in line])
            told = [line for line in fetched if b" FETCH (UID " in line]
            self.assertEqual(40, len(told))
            self.assertEqual(b"Subject: 39", told[-1].split(b"\r\n")[1])
        self.assertEqual(40, sum(b"EXPUNGE" in line for line in self.check("OK", "NOOP", imap=reader)))
        self.assertEqual([b"* SEARCH"], [line for line in self.check("OK", "SEARCH ALL", imap=self.imap)])
        self.assertEqual(40, sum(b"EXPUNGE" in line for line in self.check("OK", "UID SEARCH UNSEEN", imap=looking)))

    def test_a_session_that_was_silent_hears_what_happened(self):
        self.check("OK", "SELECT INBOX")
        self.imap.client.send(b"i1 IDLE\r\n")
        self.assertTrue(self.imap.response().startswith(b"+"))
        time.sleep(35)  # longer than the primary remembers who listens, unless it is told again
        self.deliver(b"Subject: late\r\n\r\nbody\r\n", node=self.not_primary(self.user, 1))
        begun = time.monotonic()
        self.assertEqual(b"* 1 EXISTS", self.imap.response())
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(b"* 1 RECENT", self.imap.response())
        self.imap.client.send(b"DONE\r\n")
        self.assertEqual("OK", self.imap.answer("i1")[0])
