"""Real messages come back byte for byte, and are described as Python's email package sees them."""

import email
import email.utils
import time

from grid import GridCase, imap_login, pop_login
from imap_value import from_imaplib
from real_messages import ADDED, cpython_messages, hard_messages


class Messages(GridCase):
    users_needed = 2

    def assert_whole(self, got, sent, name):
        self.assertTrue(got.endswith(sent), f"{name}: {got[-200:]!r} is not {sent[-200:]!r}")
        added = got[:len(got) - len(sent)]
        self.assertRegex(added, ADDED, name)

    def test_delivered_messages_come_back_byte_for_byte(self):
        messages = [*cpython_messages(), *hard_messages()]
        self.deliver_all(data for _, data in messages)
        by_imap = self.inbox()
        self.assertEqual(len(messages), len(by_imap))
        for (name, sent), got in zip(messages, by_imap):
            with self.subTest(name, by="IMAP"):
                self.assert_whole(got, sent, name)
        with pop_login(self.not_primary(self.user), self.user) as pop:
            self.assertEqual(len(messages), pop.stat()[0])
            for number, ((name, sent), by_imap_too) in enumerate(zip(messages, by_imap), 1):
                with self.subTest(name, by="POP3"):
                    lines = pop.retr(number)[1]
                    self.assertEqual(by_imap_too, b"".join(line + b"\r\n" for line in lines))

    def test_appended_messages_come_back_byte_for_byte_and_are_described_right(self):
        user = self.users[1]
        with imap_login(self.not_primary(user), user) as imap:
            imap.select("INBOX", readonly=True)
            for name, data in [*cpython_messages(), *hard_messages()]:
                with self.subTest(name):
                    status, answer = imap.append("INBOX", r"(\Seen)", imap_date(), data)
                    self.assertEqual("OK", status, answer)
                    imap.noop()
                    self.check_last(imap, data)

    def check_last(self, imap, data):
        whole = imap.fetch("*", "(RFC822.SIZE BODY.PEEK[])")[1]
        self.assertEqual(data, next(part[1] for part in whole if isinstance(part, tuple)))
        described = from_imaplib(imap.fetch("*", "(RFC822.SIZE ENVELOPE BODYSTRUCTURE)")[1])
        values = dict(zip(described[::2], described[1::2]))
        self.assertEqual(len(data), values[b"RFC822.SIZE"])
        message = email.message_from_bytes(data)
        self.assert_same_envelope(message, values[b"ENVELOPE"])
        self.assert_same_structure(message, values[b"BODYSTRUCTURE"])

    def assert_same_envelope(self, message, envelope):
        """RFC 3501, 7.4.2: date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id."""
        for field, value in (("Date", envelope[0]), ("Subject", envelope[1]), ("Message-ID", envelope[9])):
            expected = message.get(field)
            if expected is None:
                self.assertIn(value, (None, b""), field)
            elif str(expected).isascii():
                self.assertEqual(unfolded(expected), unfolded((value or b"").decode("ascii")), field)
        for field, value in (("From", envelope[2]), ("To", envelope[5]), ("Cc", envelope[6])):
            expected = message.get_all(field)
            if expected and all(simple(text) for text in map(str, expected)):
                self.assertEqual(
                    [address for _, address in email.utils.getaddresses(map(str, expected)) if address],
                    [f"{row[2].decode()}@{row[3].decode()}" for row in value or [] if row[2] and row[3]], field)

    def assert_same_structure(self, message, structure, depth=0):
        if message.is_multipart() and message.get_content_maintype() == "multipart":
            parts = [part for part in structure if isinstance(part, list)][:len(message.get_payload())]
            subtype = next(part for part in structure if not isinstance(part, list))
            self.assertEqual(message.get_content_subtype(), subtype.decode().lower())
            self.assertEqual(len(message.get_payload()), len(parts))
            for part, described in zip(message.get_payload(), parts):
                self.assert_same_structure(part, described, depth + 1)
            return
        if message.get_content_maintype() == "multipart":
            return  # no boundary in its body: Python keeps a broken multipart as text, and RFC 3501 has no form for it
        self.assertEqual(message.get_content_type(), f"{structure[0].decode()}/{structure[1].decode()}".lower())
        charset = message.get_param("charset")
        parameters = dict(zip(structure[2][::2], structure[2][1::2])) if structure[2] else {}
        if isinstance(charset, str) and charset.isascii():
            self.assertEqual(charset.lower(), {k.lower(): v for k, v in parameters.items()}[b"charset"].decode().lower())
        encoding = message.get("Content-Transfer-Encoding")
        if encoding:
            self.assertEqual(str(encoding).strip().lower(), structure[5].decode().lower())


def imap_date():
    return time.strftime('"%d-%b-%Y %H:%M:%S +0000"', time.gmtime())


def unfolded(text):
    return " ".join(str(text).split())


def simple(text):
    """Addresses that every parser reads alike: no groups, routes, comments or 8-bit."""
    return text.isascii() and "@" in text and not any(c in text for c in ":;()\\\"") and text.count("<") == text.count(">")
