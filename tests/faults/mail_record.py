"""What mail clients were told, and what must follow from it. Thread-safe."""

import collections
import hashlib
import random
import threading
import time


def message_of(number):
    """The message with this number: the same bytes whenever it is asked for."""
    size = random.Random(number).choice([200, 200, 2_000, 2_000, 8_000, 60_000])
    text = hashlib.shake_128(b"message %d" % number).hexdigest(size // 2)
    lines = [text[i:i + 72] for i in range(0, len(text), 72)]
    head = [f"Subject: faults {number}", "From: sender@elsewhere.test", f"Message-ID: <{number}@elsewhere.test>", ""]
    return "\r\n".join([*head, *lines, ""]).encode()


def number_of(received):
    """The number of a message as a node gives it out, None when it is none of ours, or its bytes differ. What delivery
    adds stands in front."""
    begin = received.find(b"Subject: faults ")
    if begin < 0:
        return None
    number = int(received[begin:received.index(b"\r\n", begin)].split()[2])
    return number if received.endswith(message_of(number)) else None


class Mailbox:
    """One user's INBOX as its clients were shown it."""

    def __init__(self):
        self.validity = None
        self.messages = {}       # UID -> number; shown, and not expunged
        self.expunged = {}       # UID -> number; the client was told so
        self.perhaps = {}        # UID -> number; an EXPUNGE without an answer
        self.highest = 0         # UID


class MailRecord:
    def __init__(self):
        self.lock = threading.Lock()
        self.begun = time.monotonic()
        self.acknowledged = {}   # number -> address
        self.unanswered = {}     # number -> address
        self.refused = {}        # number -> address; for good
        self.mailboxes = collections.defaultdict(Mailbox)
        self.slowest = 0.0       # answer to a message's last byte
        self.reads = 0
        self.violations = []

    def violation(self, text):
        with self.lock:
            self.violations.append(text)
        print(f"[{time.monotonic() - self.begun:7.1f} s] VIOLATION: {text}", flush=True)

    def check(self, condition, text):
        if not condition:
            self.violation(text)
        return condition

    # --- INBOX, as one reader (per user) sees it ---

    def selected(self, user, node, validity):
        box = self.mailboxes[user]
        box.validity = box.validity or validity
        self.check(box.validity == validity, f"{user} on {node}: UIDVALIDITY {validity}, was {box.validity}")

    def listed(self, user, node, uids):
        """The UIDs that a node shows; those whose messages are still to be fetched."""
        box = self.mailboxes[user]
        shown = set(uids)
        missing = box.messages.keys() - shown - box.perhaps.keys()
        self.check(not missing, f"{user} on {node}: shown before and gone: {[(u, box.messages[u]) for u in missing]}")
        back = shown & box.expunged.keys()
        self.check(not back, f"{user} on {node}: expunged and back: {sorted(back)}")
        # An EXPUNGE without an answer may be carried out later; what is gone once must stay away.
        for uid in box.perhaps.keys() - shown:
            box.expunged[uid] = box.perhaps.pop(uid)
            box.messages.pop(uid, None)
        new = sorted(shown - box.messages.keys() - box.expunged.keys())
        low = [uid for uid in new if uid <= box.highest]
        self.check(not low, f"{user} on {node}: new UIDs {low} below {box.highest}")
        return new

    def fetched(self, user, node, uid, received):
        box = self.mailboxes[user]
        number = number_of(received)
        if not self.check(number is not None, f"{user} on {node}: UID {uid}: not the bytes that were sent: {received[:300]!r}"):
            return
        # Messages of a user are compared by number: a second one with the same is a duplicate, expunged or not.
        elsewhere = [u for u, n in [*box.messages.items(), *box.expunged.items()] if n == number and u != uid]
        self.check(not elsewhere, f"{user} on {node}: message {number} is UID {uid} and UID {elsewhere}")
        box.messages[uid] = number
        box.highest = max(box.highest, uid)
        self.reads += 1

    def expunging(self, user, uids):
        box = self.mailboxes[user]
        box.perhaps.update({uid: box.messages[uid] for uid in uids})

    def expunged_now(self, user, uids):
        box = self.mailboxes[user]
        for uid in uids:
            box.expunged[uid] = box.messages.pop(uid)
            box.perhaps.pop(uid, None)

    # --- what must be there at the end ---

    def expected(self, user):
        """Numbers that must be in the INBOX, and those that may be."""
        box = self.mailboxes[user]
        gone = set(box.expunged.values())
        perhaps = set(box.perhaps.values())
        must = {n for n, address in self.acknowledged.items() if address == user} - gone - perhaps
        may = must | perhaps | {n for n, address in self.unanswered.items() if address == user} - gone
        return must, may
