"""Clients that write and read without pause, and note how long every operation took and how it ended."""

import imaplib
import itertools
import smtplib
import threading
import time

import measured


class Operation:
    __slots__ = ("begun", "seconds", "error")

    def __init__(self, begun, seconds, error):
        self.begun, self.seconds, self.error = begun, seconds, error


class Clients:
    """Threads that run as long as the `with` lasts: each until it sees `ending`."""

    def __init__(self):
        self.ending = False
        self.threads = []

    def add(self, client, *arguments):
        self.threads.append(threading.Thread(target=client, args=arguments, daemon=True))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        for thread in self.threads:
            thread.join(60)


class Load(Clients):
    """One SMTP and one IMAP client for each of `users`, through `nodes` in turn; `pause` seconds between operations."""

    def __init__(self, nodes, users, pause=0.02, size=2048):
        super().__init__()
        self.pause, self.size = pause, size
        self.operations = []  # list.append is atomic
        self.numbers = itertools.count()
        for i, user in enumerate(users):
            for client in (self._send, self._read_and_write):
                self.add(client, nodes[i % len(nodes)], user)

    def _note(self, action):
        """Runs one operation; what it raises or refuses is its error."""
        begun = time.monotonic()
        error = None
        try:
            error = action()
        except (OSError, smtplib.SMTPException, imaplib.IMAP4.error) as raised:
            error = repr(raised)
        self.operations.append(Operation(begun, time.monotonic() - begun, error))
        time.sleep(self.pause)
        return error

    def _send(self, node, user):
        with smtplib.SMTP(node["host"], node["smtp"], timeout=60) as client:
            client.ehlo("bench.example.org")

            def send():
                client.mail("sender@example.org")
                client.rcpt(user["address"])
                code, text = client.data(measured.message(next(self.numbers), self.size))
                return None if code == 250 else f"{code} {text}"
            while not self.ending and self._note(send) is None:
                pass

    def _read_and_write(self, node, user):
        client = measured.imap(node, user)
        client.create("Bench")
        client.select("Bench")

        def append():
            return answer(client.append("Bench", None, None, measured.message(next(self.numbers), self.size)))

        def look():
            return answer(client.fetch("*", "(FLAGS BODY.PEEK[])"))

        def flag():
            return answer(client.store("*", "+FLAGS", r"(\Flagged)"))
        for action in itertools.cycle((append, look, flag)):
            if self.ending or self._note(action) is not None:
                break
        client.logout()

    def between(self, begin, end):
        """Operations that were under way at any time from `begin` to `end`."""
        return [o for o in list(self.operations) if o.begun <= end and o.begun + o.seconds >= begin]


def answer(reply):
    return None if reply[0] == "OK" else str(reply)


def percentile(operations, percent):
    times = sorted(o.seconds for o in operations)
    return times[min(len(times) - 1, int(len(times) * percent / 100))] if times else float("nan")


def errors(operations):
    return [o.error for o in operations if o.error]


def metric(grid, name, nodes=None):
    """The sum over nodes of one of the numbers at /metrics."""
    total = 0.0
    for node in nodes or grid.living():
        for line in grid.api(node).probe("/metrics")[1].splitlines():
            if line.startswith(f"gridmail_{name} "):
                total += float(line.split()[1])
    return total
