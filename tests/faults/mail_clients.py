"""Mail clients that go on through every fault: senders by SMTP, readers by IMAP over TLS. What they are told is recorded."""

import contextlib
import imaplib
import itertools
import random
import smtplib
import threading
import time

from machine_grid import insecure_tls
from mail_record import message_of

TIMEOUT = 30
imaplib._MAXLINE = 10_000_000
TROUBLE = (OSError, EOFError, imaplib.IMAP4.error, smtplib.SMTPException)


@contextlib.contextmanager
def imap_session(node, user):
    imap = imaplib.IMAP4_SSL(node["host"], node["imaps"], ssl_context=insecure_tls(), timeout=TIMEOUT)
    try:
        imap.login(user["address"], user["password"])
        yield imap
    finally:
        # LOGOUT may wait for a node that is paused: closing is enough.
        imap.shutdown()


def select_inbox(imap, readonly=False):
    """UIDVALIDITY and all UIDs."""
    check_ok(imap.select("INBOX", readonly=readonly))
    validity = int(imap.response("UIDVALIDITY")[1][0])
    return validity, [int(uid) for uid in check_ok(imap.uid("SEARCH", None, "ALL"))[0].split()]


def fetch(imap, uids):
    """UID -> bytes, of those that are there."""
    found = {}
    for first in range(0, len(uids), 50):
        wanted = ",".join(map(str, uids[first:first + 50]))
        for part in check_ok(imap.uid("FETCH", wanted, "(UID BODY.PEEK[])")):
            if isinstance(part, tuple):
                uid = int(part[0].split(b"UID ", 1)[1].split()[0])
                found[uid] = part[1]
    return found


def check_ok(answer):
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"{status} {data}")
    return data


class Client(threading.Thread):
    """Repeats `work` until it is stopped; trouble with the connection is what it lives with."""

    def __init__(self, name, grid, record, pause, seed):
        super().__init__(name=name, daemon=True)
        self.grid, self.record, self.pause = grid, record, pause
        self.random = random.Random(seed)
        self.stopping = threading.Event()
        self.troubles = 0

    def run(self):
        while not self.stopping.is_set():
            try:
                self.work()
            except TROUBLE as trouble:
                self.troubles += 1
                if "BAD" in str(trouble) or "BadSyntax" in str(trouble):
                    self.record.violation(f"{self.name}: {trouble}")
            except Exception as bug:  # pylint: disable=broad-except
                self.record.violation(f"{self.name}: {bug!r}")
                raise
            self.stopping.wait(self.pause * self.random.uniform(0.5, 1.5))

    def node(self):
        return self.random.choice(self.grid.nodes)

    def stop(self):
        self.stopping.set()


class Sender(Client):
    numbers = itertools.count(1)

    def work(self):
        """Some messages over one connection to any node."""
        node = self.node()
        with contextlib.closing(smtplib.SMTP(node["host"], node["smtp"], timeout=TIMEOUT,
                                             local_hostname="client.test")) as smtp:
            smtp.ehlo()
            for _ in range(self.random.randint(1, 10)):
                if self.stopping.is_set():
                    return
                self.send(smtp, next(Sender.numbers), self.random.choice(self.grid.users)["address"])
                self.stopping.wait(self.pause * self.random.uniform(0.5, 1.5))

    def send(self, smtp, number, address):
        begun = time.monotonic()
        code = 0
        try:
            refused = smtp.sendmail("sender@elsewhere.test", [address], message_of(number))
            assert not refused
            self.record.slowest = max(self.record.slowest, time.monotonic() - begun)
            self.record.acknowledged[number] = address
            return
        except smtplib.SMTPRecipientsRefused as error:
            code = error.recipients[address][0]
        except smtplib.SMTPResponseException as error:
            code = error.smtp_code
        except (OSError, smtplib.SMTPException):
            self.record.unanswered[number] = address
            raise
        if code >= 500:
            self.record.refused[number] = address
            self.record.violation(f"message {number} to {address} was refused with {code}")
        else:
            self.record.unanswered[number] = address  # or rather not clearly: it may be there once
        raise smtplib.SMTPException(f"{code}")


class Reader(Client):
    """The only reader of its users, so that what it was shown has an order."""

    def __init__(self, name, grid, record, pause, seed, users):
        super().__init__(name, grid, record, pause, seed)
        self.users = users

    def work(self):
        node, user = self.node(), self.random.choice(self.users)
        address = user["address"]
        with imap_session(node, user) as imap:
            for _ in range(self.random.randint(1, 4)):
                if self.stopping.is_set():
                    return
                validity, uids = select_inbox(imap)
                self.record.selected(address, node["name"], validity)
                new = self.record.listed(address, node["name"], uids)
                for uid, received in sorted(fetch(imap, new).items()):
                    self.record.fetched(address, node["name"], uid, received)
                if self.random.random() < 0.2:
                    self.expunge(imap, address)
                self.stopping.wait(self.pause)

    def expunge(self, imap, address):
        box = self.record.mailboxes[address]
        messages = sorted(box.messages.keys() - box.perhaps.keys())
        chosen = self.random.sample(messages, min(len(messages), 2))
        if not chosen:
            return
        wanted = ",".join(map(str, chosen))
        check_ok(imap.uid("STORE", wanted, "+FLAGS.SILENT", r"(\Deleted)"))
        self.record.expunging(address, chosen)
        check_ok(imap.uid("EXPUNGE", wanted))
        self.record.expunged_now(address, chosen)
