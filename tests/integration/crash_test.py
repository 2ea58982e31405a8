"""Real processes die: what was answered is kept, and clients of living nodes notice nothing."""

import collections
import itertools
import os
import re
import signal
import smtplib
import threading
import time

from grid import TIMEOUT, GridCase, imap_login, path_part, wait_until

MESSAGES = 2000
CONNECTIONS = 8
KILLS = 5
SECONDS_MAX = 420
SUBJECT = re.compile(rb"^Subject: crash (\d+)\r?$", re.MULTILINE)


class Sender(threading.Thread):
    """One connection that delivers until there is enough, and opens another when its node dies."""

    def __init__(self, nodes, users, numbers, enough, number):
        super().__init__(name=f"sender {number}", daemon=True)
        self.nodes, self.users, self.numbers, self.enough, self.turn = nodes, users, numbers, enough, number
        self.acknowledged = []  # (message number, user's address)
        self.unknown = []       # sent, not answered: there at most once
        self.slowest = 0.0

    def run(self):
        smtp = None
        while not self.enough():
            number = next(self.numbers)
            address = self.users[number % len(self.users)]["address"]
            try:
                smtp = smtp or self.connect()
                begun = time.monotonic()
                smtp.sendmail("sender@elsewhere.test", [address],
                              b"Subject: crash %d\r\n\r\n%s\r\n" % (number, b"x" * 200))
                self.slowest = max(self.slowest, time.monotonic() - begun)
                self.acknowledged.append((number, address))
            except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as refused:
                codes = [code for code, _ in refused.recipients.values()] \
                    if isinstance(refused, smtplib.SMTPRecipientsRefused) else [refused.smtp_code]
                if any(code >= 500 for code in codes):
                    raise
                smtp = self.drop(smtp)
            except (OSError, smtplib.SMTPException):
                self.unknown.append((number, address))
                smtp = self.drop(smtp)
        self.drop(smtp)

    def connect(self):
        self.turn += 1
        node = self.nodes[self.turn % len(self.nodes)]
        smtp = smtplib.SMTP(node["host"], node["smtp"], timeout=TIMEOUT, local_hostname="client.test")
        smtp.ehlo()
        return smtp

    @staticmethod
    def drop(smtp):
        if smtp is not None:
            smtp.close()
        time.sleep(0.02)
        return None


class Idler(threading.Thread):
    """A client in IDLE: must never be dropped, and hear of new mail."""

    def __init__(self, client, user):
        super().__init__(name="idler", daemon=True)
        self.client, self.user = client, user
        self.exists = 0
        self.lost = None
        self.finishing = False

    def log_in(self):
        self.client.line()
        assert b" OK" in self.client.tagged(f'LOGIN "{self.user["address"]}" "{self.user["password"]}"'.encode())
        assert b" OK" in self.client.tagged(b"SELECT INBOX")
        self.client.send(b"t2 IDLE\r\n")
        assert self.client.line().startswith(b"+")
        self.client.socket.settimeout(None)

    def run(self):
        while True:
            try:
                line = self.client.line()
            except OSError as error:
                line, self.lost = b"", str(error)
            if not line:
                if not self.finishing:
                    self.lost = self.lost or "the connection was closed"
                return
            if line.startswith(b"t2 "):
                return
            found = re.fullmatch(rb"\* (\d+) EXISTS", line)
            if found:
                self.exists = int(found[1])

    def finish(self):
        self.finishing = True
        if self.lost is None:
            self.client.send(b"DONE\r\n")
        self.join(TIMEOUT)


class Crash(GridCase):
    users_needed = 8

    def test_every_acknowledged_message_is_there_once_after_five_kills(self):
        steady, *mortal = self.grid.nodes
        client = self.raw(steady, "imap")
        idler = Idler(client, self.users[0])
        idler.log_in()
        idler.start()

        self.kills = 0
        begun = time.monotonic()

        def enough():
            sent = sum(len(sender.acknowledged) for sender in senders)
            return (sent >= MESSAGES and self.kills >= KILLS) or time.monotonic() - begun > SECONDS_MAX
        numbers = itertools.count()
        senders = []
        senders += [Sender(self.grid.nodes, self.users, numbers, enough, i) for i in range(CONNECTIONS)]
        for sender in senders:
            sender.start()
        for victim in itertools.islice(itertools.cycle(mortal), KILLS):
            time.sleep(1)
            self.grid.kill(victim["name"])
            time.sleep(2)
            self.grid.start_node(victim["name"])
            self.kills += 1
        for sender in senders:
            sender.join(SECONDS_MAX)
        self.grid.wait_until_whole(120)

        acknowledged = [pair for sender in senders for pair in sender.acknowledged]
        unknown = [pair for sender in senders for pair in sender.unknown]
        print(f"{len(acknowledged)} acknowledged, {len(unknown)} unanswered, slowest answer "
              f"{max(sender.slowest for sender in senders):.2f} s ", end="", flush=True)
        self.assertGreaterEqual(len(acknowledged), MESSAGES)
        self.check_every_view(acknowledged, unknown)

        mine = sum(address == self.users[0]["address"] for _, address in acknowledged)
        wait_until("the idle client's last EXISTS", lambda: idler.lost or idler.exists >= mine, 30)
        self.assertIsNone(idler.lost)
        idler.finish()
        client.close()

    def check_every_view(self, acknowledged, unknown):
        # What is in the intake when a slot comes back is handed over soon after: that is waited for, once.
        for user in self.users:
            expected = {number for number, address in acknowledged if address == user["address"]}
            wait_until(f"all mail of {user['address']}",
                       lambda expected=expected, user=user: expected <= set(self.numbers_of(self.grid.nodes[0], user)),
                       60, 0.5)
        for node in self.grid.nodes:
            for user in self.users:
                expected = {number for number, address in acknowledged if address == user["address"]}
                allowed = expected | {number for number, address in unknown if address == user["address"]}
                seen = collections.Counter(self.numbers_of(node, user))
                with self.subTest(node=node["name"], user=user["address"]):
                    self.assertEqual(set(), expected - set(seen), "lost")
                    self.assertEqual(set(), set(seen) - allowed, "from nowhere")
                    self.assertEqual([], [number for number, times in seen.items() if times > 1], "twice")

    @staticmethod
    def numbers_of(node, user):
        with imap_login(node, user) as imap:
            if imap.select("INBOX", readonly=True)[1] == [b"0"]:
                return []
            data = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
            return [int(SUBJECT.search(part[1])[1]) for part in data if isinstance(part, tuple)]


class Failover(GridCase):
    def test_a_session_outlives_the_node_that_stores_its_mailbox(self):
        self.deliver(b"Subject: before\r\n\r\nbody\r\n")
        row = self.location(self.user)
        primary = self.grid.node(row["primary"])
        front = self.not_primary(self.user)
        try:
            with imap_login(front, self.user) as imap:
                imap.select("INBOX")
                validity = imap.response("UIDVALIDITY")[1]
                before = imap.uid("SEARCH", None, "ALL")[1]
                self.grid.kill(primary["name"])
                begun = time.monotonic()
                self.assertEqual("OK", imap.append("INBOX", None, None, b"Subject: after\r\n\r\nbody\r\n")[0])
                took = time.monotonic() - begun
                print(f"writes go on after {took:.1f} s ", end="", flush=True)
                self.assertLess(took, 15)
                self.assertEqual("OK", imap.noop()[0])
                after = imap.uid("SEARCH", None, "ALL")[1]
                self.assertEqual(before[0].split(), after[0].split()[:-1])
                self.assertEqual([b"2"], imap.select("INBOX")[1])
                self.assertEqual(validity, imap.response("UIDVALIDITY")[1])
        finally:
            self.grid.start_node(primary["name"])
            self.grid.wait_until_whole(120)

    def test_smtp_goes_on_without_the_primary(self):
        primary = self.grid.node(self.location(self.user)["primary"])
        front = self.not_primary(self.user)
        try:
            self.grid.kill(primary["name"])
            begun = time.monotonic()
            self.deliver(b"Subject: at once\r\n\r\nbody\r\n", node=front)
            took = time.monotonic() - begun
            print(f"accepted after {took:.1f} s ", end="", flush=True)
            self.assertLess(took, 5)
            wait_until("the message", lambda: any(b"Subject: at once" in message
                                                  for message in self.inbox(node=front)), 30, 0.5)
        finally:
            self.grid.start_node(primary["name"])
            self.grid.wait_until_whole(120)
        self.assertEqual(1, sum(b"Subject: at once" in message for message in self.inbox()))


class Gone(GridCase):
    users_needed = 0

    def test_mail_for_a_user_who_is_removed_after_the_250_goes_to_the_postmaster(self):
        """The node that stores the mailbox stands still, so that the message waits in the intake meanwhile."""
        holders = self.grid.api(self.grid.nodes[0]).get("/slots")[-1]["in_sync"]
        still = next(node for node in self.grid.nodes if node["id"] not in holders)
        front = self.grid.node(holders[0])
        api = self.grid.api(front)
        address = self.user_on(still, api)
        self.gridmail("user", "passwd", "postmaster", stdin="of-the-postmaster\n")
        subject = f"for nobody {time.time_ns()}"
        removal = threading.Thread(target=api.call, args=("DELETE", f"/users/{path_part(address)}"))
        os.kill(still["pid"], signal.SIGSTOP)
        try:
            with smtplib.SMTP(front["host"], front["smtp"], timeout=TIMEOUT, local_hostname="client.test") as smtp:
                smtp.sendmail("sender@elsewhere.test", [address], f"Subject: {subject}\r\n\r\nbody\r\n".encode())
            removal.start()
            wait_until("the user's end", lambda: address not in [row["address"] for row in api.get("/users")], 10)
        finally:
            os.kill(still["pid"], signal.SIGCONT)
        removal.join(TIMEOUT)
        with imap_login(front, {"address": "postmaster", "password": "of-the-postmaster"}) as imap:
            imap.select("INBOX")
            wait_until("it in the postmaster's mailbox",
                       lambda: imap.search(None, "SUBJECT", f'"{subject}"')[1][0], 30, 0.2)
        self.grid.wait_until_whole(60)

    def user_on(self, node, api):
        """The address of a new user whose mailbox's primary is that node; one that was away gets primaries by and by."""
        domain, now = self.grid.description["domain"], time.time_ns()
        hashed = "{CRYPT}$6$0123456789abcdef$" + "x" * 86
        addresses = [f"gone{number}-{now}@{domain}" for number in range(30)]
        api.post("/user-batches", {"users": [{"address": address, "password_hash": hashed} for address in addresses]})

        def there():
            return next((address for address in addresses
                         if self.location({"address": address})["primary"] == node["id"]), None)
        return wait_until(f"a user on {node['name']}", there, 90, 0.5)
