"""What SMTP's extensions promise, on real nodes, seen with the clients that mail is read with."""

import email
import email.policy
import smtplib
import time

from grid import TIMEOUT, GridCase, imap_login, insecure_tls, path_part, pop_login, run_client, wait_until

PICTURE = bytes(range(256)) * 40 + b"\r\n.\r\n\n.\n\r.\r"
BINARY = (b"Subject: binary\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
          b"Content-Transfer-Encoding: binary\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n"
          b"Content-Transfer-Encoding: 8bit\r\n\r\n" + "grüße\r\n".encode() +
          b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n" + PICTURE +
          b"\r\n--b--\r\n")


def chunk(content, last=False):
    return b"BDAT %d%s\r\n" % (len(content), b" LAST" if last else b"") + content


class ExtensionCase(GridCase):
    def begin(self, port="smtp", mail=b"", to=None):
        """A connection on which MAIL and RCPT were taken."""
        client = self.raw(self.not_primary(self.user), port)
        self.addCleanup(client.close)
        client.reply()
        self.assertEqual(250, client.command(b"EHLO client.test"))
        self.assertEqual(250, client.command(b"MAIL FROM:<sender@elsewhere.test>" + mail))
        self.assertEqual(250, client.command(b"RCPT TO:<%s>" % (to or self.user["address"]).encode()))
        return client

    def parsed(self):
        return [email.message_from_bytes(text, policy=email.policy.default) for text in self.inbox()]


class Chunking(ExtensionCase):
    def test_every_extension_is_announced(self):
        node = self.not_primary(self.user)
        with smtplib.SMTP(node["host"], node["smtp"], timeout=TIMEOUT) as smtp:
            smtp.ehlo("client.test")
            for extension in ("pipelining", "size", "8bitmime", "binarymime", "chunking", "dsn", "smtputf8",
                              "starttls", "enhancedstatuscodes"):
                self.assertTrue(smtp.has_extn(extension), extension)
            self.assertIn("RCPTMAX=1000", smtp.esmtp_features["limits"])
            self.assertFalse(smtp.has_extn("requiretls"))
            smtp.starttls(context=insecure_tls())
            smtp.ehlo("client.test")
            self.assertTrue(smtp.has_extn("requiretls"))

    def test_chunks_come_back_byte_for_byte(self):
        text = b"Subject: chunks\r\n\r\n.\r\n..two\r\n.\r\nQUIT\r\n" + b"x" * 5000 + b"\r\n"
        client = self.begin()
        client.send(chunk(text[:7]) + chunk(text[7:18]) + chunk(b"") + chunk(text[18:], last=True))
        self.assertEqual([250] * 4, [client.reply()[0] for _ in range(4)])
        self.assertTrue(self.inbox()[0].endswith(b"\r\n" + text))

    def test_a_chunk_hides_no_command(self):
        hidden = b"\r\n.\r\nRSET\r\nMAIL FROM:<x@elsewhere.test>\r\nRCPT TO:<%s>\r\nBDAT 2 LAST\r\nx\r\n" \
            % self.user["address"].encode()
        client = self.begin()
        client.send(chunk(b"bare\nlf") + chunk(hidden, last=True) + b"NOOP\r\n")
        self.assertEqual([550, 503, 250], [client.reply()[0] for _ in range(3)])
        for line in (b"BDAT 5\n", b"BDAT five\r\n", b"BDAT 99999999999999999999\r\n"):
            client = self.begin()
            client.send(line + hidden)
            self.assertGreaterEqual(client.reply()[0], 500)
            self.assertTrue(client.is_closed(), line)
        self.assertEqual([], self.inbox())

    def test_binary_parts_are_read_back_by_imap_and_pop3(self):
        client = self.begin(mail=b" BODY=BINARYMIME")
        self.assertEqual(503, client.command(b"DATA"))
        client.send(chunk(BINARY[:1000]) + chunk(BINARY[1000:], last=True))
        self.assertEqual([250, 250], [client.reply()[0] for _ in range(2)])
        with pop_login(self.not_primary(self.user), self.user) as pop:
            by_pop3 = b"\r\n".join(pop.retr(1)[1])
        for message in (*self.parsed(), email.message_from_bytes(by_pop3, policy=email.policy.default)):
            text, picture = message.iter_parts()
            self.assertEqual("grüße", text.get_content().strip())
            self.assertEqual(PICTURE, picture.get_content())

    def test_binary_outside_of_binary_parts_is_refused(self):
        client = self.begin(mail=b" BODY=BINARYMIME")
        client.send(chunk(b"Subject: a\nbare LF\r\n\r\n", last=True))
        self.assertEqual(554, client.reply()[0])
        self.assertEqual(250, client.command(b"NOOP"))
        self.assertEqual([], self.inbox())


class Notifications(ExtensionCase):
    users_needed = 2

    def test_who_asked_is_told_that_it_is_in_the_mailbox(self):
        """RFC 3461; also where the recipient's address is another's."""
        node, sender, reader = self.not_primary(self.user), self.user, self.users[1]
        alias = f"told-{time.time_ns()}@{self.grid.description['domain']}"
        self.gridmail("alias", "add", alias, reader["address"])
        with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT) as smtp:
            smtp.login(sender["address"], sender["password"])
            smtp.sendmail(sender["address"], [alias], b"Subject: told\r\n\r\nhello\r\n", ["RET=HDRS", "ENVID=id+2B1"],
                          ["NOTIFY=SUCCESS", "ORCPT=rfc822;first+2Bone@other.test"])
        report, = wait_until("the notification", self.parsed, 30)
        self.assertEqual("<>", report["Return-Path"])
        _, status, original = report.iter_parts()
        of_message, of_recipient = status.get_payload()
        self.assertEqual("id+1", of_message["Original-Envelope-Id"])
        self.assertEqual("rfc822; first+one@other.test", of_recipient["Original-Recipient"])
        self.assertEqual(f"rfc822; {alias}", of_recipient["Final-Recipient"])
        self.assertEqual(("delivered", "2.0.0"), (of_recipient["Action"], of_recipient["Status"]))
        self.assertEqual("told", email.message_from_string(original.get_content())["Subject"])
        self.assertEqual(1, len(self.inbox(reader)))

    def test_wrong_parameters_are_refused(self):
        client = self.raw(self.not_primary(self.user), "smtp")
        self.addCleanup(client.close)
        client.reply()
        client.command(b"EHLO client.test")
        self.assertEqual(501, client.command(b"MAIL FROM:<a@elsewhere.test> RET=ALL"))
        self.assertEqual(501, client.command(b"MAIL FROM:<a@elsewhere.test> ENVID=a+0"))
        self.assertEqual(250, client.command(b"MAIL FROM:<a@elsewhere.test>"))
        address = self.user["address"].encode()
        self.assertEqual(501, client.command(b"RCPT TO:<%s> NOTIFY=NEVER,SUCCESS" % address))
        self.assertEqual(250, client.command(b"RCPT TO:<%s> NOTIFY=NEVER" % address))


class Unicode(ExtensionCase):
    def test_addresses_and_headers_in_utf8(self):
        domain, node = self.grid.description["domain"], self.not_primary(self.user)
        alias = f"grüße{time.time_ns()}@{domain}"
        self.gridmail("alias", "add", alias, self.user["address"])
        text = f"Subject: schöne Grüße\r\nTo: <{alias}>\r\n\r\nhällo\r\n".encode()
        with smtplib.SMTP(node["host"], node["smtp"], timeout=TIMEOUT) as smtp:
            smtp.ehlo("client.test")
            smtp.sendmail("jürgen@elsewhere.test", [alias.upper()], text, ["SMTPUTF8", "BODY=8BITMIME"])
        message, = self.inbox()
        self.assertTrue(message.endswith(text))
        self.assertIn("Return-Path: <jürgen@elsewhere.test>".encode(), message)
        self.assertIn(b"with UTF8SMTP", message)

    def test_without_the_parameter_they_are_refused(self):
        client = self.raw(self.not_primary(self.user), "smtp")
        self.addCleanup(client.close)
        client.reply()
        client.command(b"EHLO client.test")
        self.assertEqual(553, client.command("MAIL FROM:<jürgen@elsewhere.test>".encode()))
        self.assertEqual(501, client.command("MAIL FROM:<jürgen@elsewhere.test> SMTPUTF8".encode("latin-1")))


class Submission(ExtensionCase):
    def swaks(self, *arguments):
        node, address = self.not_primary(self.user), self.user["address"]
        return run_client(["swaks", "--server", node["host"], "--port", node["submission"], "--tls", "--auth", "PLAIN",
                           "--auth-user", address, "--auth-password", self.user["password"], "--from", address,
                           "--to", address, "--helo", "client.test", *arguments])

    def test_missing_fields_are_added(self):
        self.swaks("--pipeline", "--data", "Subject: bare\\n\\nhello\\n")
        message, = self.parsed()
        self.assertEqual(self.user["address"], message["From"].addresses[0].addr_spec)
        self.assertIsNotNone(message["Date"].datetime)
        self.assertRegex(message["Message-ID"], r"^<[0-9a-f]{16}@.+>$")

    def test_nobody_writes_in_anothers_name(self):
        with self.assertRaisesRegex(AssertionError, "550 5.7.1"):
            self.swaks("--data", f"From: {self.grid.users[-1]['address']}\\nSubject: forged\\n\\nhello\\n")
        self.assertEqual([], self.inbox())


class Loops(ExtensionCase):
    def test_a_message_that_went_in_circles_is_refused(self):
        client = self.begin()
        self.assertEqual(354, client.command(b"DATA"))
        client.send(b"Received: from a by b\r\n" * 101 + b"Subject: loop\r\n\r\n.\r\n")
        self.assertIn("5.4.6", client.reply()[1])
        self.assertEqual([], self.inbox())


class Postmaster(ExtensionCase):
    def subjects(self, user):
        return [email.message_from_bytes(text)["Subject"] for text in self.inbox(user)]

    def test_mail_for_postmaster_and_abuse_reaches_a_person(self):
        domain = self.grid.description["domain"]
        to = ("postmaster", f"PostMaster@{domain}", f"abuse@{domain}")
        builtin = {"address": "postmaster", "password": "of-the-postmaster"}
        before = self.gridmail("grid", "settings", "--json")
        self.assertIn('"postmaster"', before)
        self.gridmail("user", "passwd", "postmaster", stdin=builtin["password"] + "\n")
        self.deliver(b"Subject: to nobody yet\r\n\r\n", users=[{"address": "postmaster"}], node=self.grid.nodes[0])
        with imap_login(self.grid.nodes[1], builtin) as imap:
            self.assertNotEqual([b"0"], imap.select("INBOX")[1])
        try:
            self.gridmail("grid", "settings", "--postmaster", self.user["address"])
            for number, address in enumerate(to):
                client = self.begin(to=address)
                self.assertEqual(354, client.command(b"DATA"))
                client.send(b"Subject: number %d\r\n\r\n.\r\n" % number)
                self.assertEqual(250, client.reply()[0])
            self.assertEqual([f"number {number}" for number in range(len(to))], self.subjects(self.user))
        finally:
            self.gridmail("grid", "settings", "--postmaster", "postmaster")
        refused = self.gridmail("grid", "settings", "--postmaster", f"nobody@{domain}", check=False)
        self.assertNotEqual(0, refused.returncode)
        self.assertIn("nobody", refused.stderr)


class ManyRecipients(ExtensionCase):
    COUNT = 70

    def test_a_thousand_recipients_of_whom_seventy_differ(self):
        """Over 64 mailboxes are served from one queue entry; over 1,000 RCPT are too many for one transaction."""
        domain, node = self.grid.description["domain"], self.not_primary(self.user)
        hashed = "{CRYPT}$6$0123456789abcdef$" + "x" * 86
        addresses = [f"crowd{number}-{time.time_ns()}@{domain}" for number in range(self.COUNT)]
        self.grid.api(node).post("/user-batches", {"users": [{"address": address, "password_hash": hashed}
                                                             for address in addresses]})
        client = self.raw(node, "smtp")
        self.addCleanup(client.close)
        client.reply()
        client.command(b"EHLO client.test")
        client.send(b"MAIL FROM:<sender@elsewhere.test>\r\n" +
                    b"".join(b"RCPT TO:<%s>\r\n" % addresses[i % self.COUNT].encode() for i in range(1001)))
        replies = [client.reply() for _ in range(1002)]
        self.assertEqual({250}, {code for code, _ in replies[:-1]})
        self.assertTrue(replies[-1][1].startswith("452 4.5.3"), replies[-1])
        self.assertEqual(354, client.command(b"DATA"))
        begun = time.monotonic()
        client.send(b"Subject: crowd\r\n\r\nhello\r\n.\r\n")
        self.assertEqual(250, client.reply()[0])
        self.assertLess(time.monotonic() - begun, 5)
        api = self.grid.api(node)
        wait_until("everybody's message", lambda: all(
            api.get(f"/users/{path_part(address)}")["messages"] == 1 for address in addresses), 60, 0.5)
