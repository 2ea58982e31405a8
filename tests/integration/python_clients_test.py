"""Python's smtplib, imaplib and poplib, each through a node that does not hold the mailbox's primary."""

import imaplib
import poplib
import smtplib
import threading

from grid import TIMEOUT, GridCase, imap_login, insecure_tls, pop_login, wait_until

MESSAGE = b"Subject: hello\r\nFrom: %s\r\n\r\nhello\r\n"


class Smtp(GridCase):
    users_needed = 3

    def test_starttls_and_implicit_tls_and_auth(self):
        address = self.user["address"]
        node = self.not_primary(self.user)
        text = MESSAGE % address.encode()
        with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT) as smtp:
            smtp.starttls(context=insecure_tls())
            smtp.login(address, self.user["password"])
            smtp.sendmail(address, [address], text)
        with smtplib.SMTP_SSL(node["host"], node["submissions"], timeout=TIMEOUT, context=insecure_tls()) as smtp:
            smtp.login(address, self.user["password"])
            smtp.sendmail(address, [address], text)
        with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT) as smtp:
            for mechanism in ("PLAIN", "LOGIN"):
                self.assertIn(mechanism, self.mechanisms(smtp))
        self.assertEqual(2, len(self.inbox()))

    @staticmethod
    def mechanisms(smtp):
        smtp.ehlo()
        return smtp.esmtp_features["auth"].split()

    def test_submission_needs_log_in_and_the_users_own_address(self):
        node = self.not_primary(self.user)
        own, other = self.user["address"], self.users[1]["address"]
        with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT) as smtp:
            with self.assertRaises(smtplib.SMTPException):
                smtp.sendmail(own, [own], MESSAGE % own.encode())
            with self.assertRaises(smtplib.SMTPAuthenticationError):
                smtp.login(own, "wrong")
        with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT) as smtp:
            smtp.login(own, self.user["password"])
            with self.assertRaises(smtplib.SMTPException):
                smtp.sendmail(other, [own], MESSAGE % other.encode())

    def test_recipients_are_checked_at_rcpt(self):
        node = self.not_primary(self.user)
        with smtplib.SMTP(node["host"], node["smtp"], timeout=TIMEOUT) as smtp:
            smtp.ehlo("client.test")
            self.assertEqual(250, smtp.mail("sender@elsewhere.test")[0])
            self.assertEqual(250, smtp.rcpt(self.user["address"])[0])
            code, text = smtp.rcpt("nobody@" + self.grid.description["domain"])
            self.assertEqual((550, b"5.1.1"), (code, text.split()[0]))
            code, text = smtp.rcpt("someone@elsewhere.test")
            self.assertEqual((550, b"5.7.1"), (code, text.split()[0]))

    def test_one_transaction_reaches_every_recipient_once(self):
        self.deliver(b"Subject: to two\r\n\r\nbody\r\n", users=self.users[1:])
        for user in self.users[1:]:
            self.assertEqual(1, sum(b"Subject: to two" in message for message in self.inbox(user)))

    def test_lmtp_answers_for_each_recipient(self):
        node = self.not_primary(self.user)
        with smtplib.LMTP(node["host"], node["lmtp"], timeout=TIMEOUT) as lmtp:
            refused = lmtp.sendmail("sender@elsewhere.test",
                                    [self.user["address"], "nobody@" + self.grid.description["domain"]],
                                    b"Subject: by lmtp\r\n\r\nbody\r\n")
        self.assertEqual(["nobody@" + self.grid.description["domain"]], list(refused))
        self.assertEqual(1, sum(b"Subject: by lmtp" in message for message in self.inbox()))


class Imap(GridCase):
    def test_a_session_from_append_to_expunge(self):
        with imap_login(self.not_primary(self.user), self.user) as imap:
            names = imap.list()[1]
            for name in (b"Drafts", b"Sent", b"Archive", b"Junk", b"Trash", b"INBOX"):
                self.assertTrue(any(row.endswith(name) or row.endswith(b'"' + name + b'"') for row in names), names)
            self.assertEqual("OK", imap.create("Work/2026")[0])
            for number in range(3):
                status, data = imap.append("Work/2026", None, None, b"Subject: %d\r\n\r\nbody\r\n" % number)
                self.assertEqual("OK", status)
                self.assertIn(b"APPENDUID", data[0])
            self.assertEqual([b"3"], imap.select("Work/2026")[1])
            imap.store("2", "+FLAGS", r"(\Flagged $Work)")
            self.assertEqual(b"2", imap.search(None, "FLAGGED", "KEYWORD", "$Work")[1][0])
            self.assertEqual(b"1 3", imap.search(None, "UNFLAGGED")[1][0])
            self.assertEqual("OK", imap.copy("1", "Archive")[0])
            self.assertEqual("OK", imap._simple_command("MOVE", "3", "Trash")[0])
            imap.store("1", "+FLAGS", r"(\Deleted)")
            self.assertEqual("OK", imap.expunge()[0])
            self.assertEqual([b"1"], imap.select("Work/2026")[1])
            imap.close()
            status, text = imap.rename("Work", "Play")
            self.assertEqual("OK", status, text)
            self.assertEqual([b"1"], imap.select("Play/2026")[1])
            imap.unselect()
            self.assertEqual("OK", imap.delete("Play/2026")[0])
            self.assertEqual("OK", imap.delete("Play")[0])

    def test_uids_ascend_and_stay(self):
        def uids(node):
            with imap_login(node, self.user) as imap:
                imap.select("INBOX", readonly=True)
                validity = imap.response("UIDVALIDITY")[1][0]
                return validity, imap.uid("SEARCH", None, "ALL")[1][0].split()
        for number in range(5):
            self.deliver(b"Subject: uid %d\r\n\r\nbody\r\n" % number)
        seen = [uids(node) for node in self.grid.nodes]
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], seen[2])
        numbers = [int(uid) for uid in seen[0][1]]
        self.assertEqual(sorted(set(numbers)), numbers)

    def test_tls(self):
        node = self.not_primary(self.user)
        with imaplib.IMAP4_SSL(node["host"], node["imaps"], ssl_context=insecure_tls(), timeout=TIMEOUT) as imap:
            imap.login(self.user["address"], self.user["password"])
        with imaplib.IMAP4(node["host"], node["imap"], timeout=TIMEOUT) as imap:
            imap.starttls(insecure_tls())
            imap.login(self.user["address"], self.user["password"])

    def test_an_idle_client_hears_of_mail_that_came_through_another_node(self):
        heard = threading.Event()
        with self.raw(self.not_primary(self.user), "imap") as client:
            client.line()
            self.assertIn(b"OK", client.tagged(f'LOGIN "{self.user["address"]}" "{self.user["password"]}"'.encode()))
            self.assertIn(b"OK", client.tagged(b"SELECT INBOX"))
            client.send(b"t2 IDLE\r\n")
            self.assertTrue(client.line().startswith(b"+"))
            self.deliver(b"Subject: wake up\r\n\r\nbody\r\n", node=self.not_primary(self.user, 1))
            wait_until("EXISTS", lambda: client.line().endswith(b"EXISTS"), TIMEOUT)
            heard.set()
            client.send(b"DONE\r\n")
            self.assertIn(b"OK", client.until_tag(b"t2"))
        self.assertTrue(heard.is_set())


class Pop(GridCase):
    def test_a_session_from_log_in_to_quit(self):
        for number in range(3):
            self.deliver(b"Subject: pop %d\r\n\r\nfirst line\r\nsecond line\r\n" % number)
        node = self.not_primary(self.user)
        with pop_login(node, self.user) as pop:
            self.assertIn("UIDL", pop.capa())
            self.assertEqual(3, pop.stat()[0])
            uidls = [row.split()[1] for row in pop.uidl()[1]]
            self.assertEqual(3, len(set(uidls)))
            top = pop.top(1, 1)[1]
            self.assertEqual([b"", b"first line"], top[-2:])
            pop.dele(2)
            pop.rset()
            pop.dele(1)
        with pop_login(node, self.user) as pop:
            self.assertEqual(uidls[1:], [row.split()[1] for row in pop.uidl()[1]])

    def test_a_session_that_breaks_deletes_nothing(self):
        self.deliver(b"Subject: keep me\r\n\r\nbody\r\n")
        node = self.not_primary(self.user)
        before = len(self.inbox())
        pop = poplib.POP3(node["host"], node["pop3"], timeout=TIMEOUT)
        pop.user(self.user["address"])
        pop.pass_(self.user["password"])
        pop.dele(1)
        pop.close()
        self.assertEqual(before, len(self.inbox()))

    def test_tls(self):
        node = self.not_primary(self.user)
        pop = poplib.POP3_SSL(node["host"], node["pop3s"], timeout=TIMEOUT, context=insecure_tls())
        pop.user(self.user["address"])
        pop.pass_(self.user["password"])
        pop.quit()
        pop = poplib.POP3(node["host"], node["pop3"], timeout=TIMEOUT)
        pop.stls(insecure_tls())
        pop.user(self.user["address"])
        pop.pass_(self.user["password"])
        pop.quit()
