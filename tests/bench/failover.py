#!/usr/bin/env python3
"""What kill -9 of a node costs the clients of all others. Users append to their mailboxes and senders send to them,
through every node that lives: how long do writes to the dead node's mailboxes stop, how long does SMTP let anybody wait,
and who gets an error?

./dev bench failover [--rounds N] [--nodes N] [--users N] [--bytes BYTES]
"""

import argparse
import imaplib
import smtplib
import statistics
import threading
import time

import measured
from measured import report

WRITES_GO_ON_WITHIN = 4.5
SMTP_WAITS_AT_MOST = 1.5
UNDISTURBED_SECONDS = 4
WATCHED_SECONDS = 15


class Client(threading.Thread):
    """Does one thing again and again through one node: of each, when it was begun and the seconds until its answer."""

    def __init__(self, node, user, size, until, pause):
        super().__init__(daemon=True)
        self.node, self.user, self.size, self.until, self.pause = node, user, size, until, pause
        self.waits, self.errors = [], []

    def run(self):
        try:
            self.converse()
        except (OSError, smtplib.SMTPException, imaplib.IMAP4.error) as error:
            self.errors.append(repr(error))

    def again_and_again(self, step):
        """step(message) gives seconds and an error, if any."""
        while time.monotonic() < self.until:
            begun = time.monotonic()
            seconds, error = step(measured.message(len(self.waits), self.size))
            self.waits.append((begun, seconds))
            if error:
                self.errors.append(error)
            time.sleep(self.pause)


class Writer(Client):
    def converse(self):
        client = measured.imap(self.node, self.user)

        def append(message):
            begun = time.monotonic()
            kind, text = client.append("INBOX", None, None, message)
            return time.monotonic() - begun, None if kind == "OK" else text
        self.again_and_again(append)
        client.logout()


class Sender(Client):
    def converse(self):
        with smtplib.SMTP(self.node["host"], self.node["smtp"], timeout=60) as client:
            client.ehlo("bench.example.org")

            def send(message):
                client.mail("sender@example.org")
                client.rcpt(self.user["address"])
                client.docmd("DATA")
                client.send(message)
                begun = time.monotonic()
                client.send(b".\r\n")
                code, text = client.getreply()
                return time.monotonic() - begun, None if code == 250 else text
            self.again_and_again(send)


def longest(clients, begin=0.0, end=float("inf")):
    """Of what was begun after `begin` and answered before `end`."""
    return max((wait for client in clients for at, wait in client.waits if at >= begin and at + wait <= end), default=0.0)


def under_way_or_later(client, moment):
    return max((at + wait - max(at, moment) for at, wait in client.waits if at + wait > moment), default=0.0)


def one_round(grid, number, arguments):
    """The pauses of the dead node's mailboxes, in seconds."""
    api = grid.api(grid.nodes[0])
    users = grid.users[:arguments.users]
    primaries = [api.get(f"/users/{user['address']}/location")["primary"] for user in users]
    victim = grid.node(statistics.mode(primaries))
    fronts = [node for node in grid.nodes if node is not victim]
    until = time.monotonic() + UNDISTURBED_SECONDS + WATCHED_SECONDS
    writers = [Writer(fronts[i % len(fronts)], user, 2048, until, 0.25) for i, user in enumerate(users)]
    senders = [Sender(fronts[i % len(fronts)], user, arguments.bytes, until, 0.1) for i, user in enumerate(users)]
    for client in writers + senders:
        client.start()
    time.sleep(UNDISTURBED_SECONDS)
    killed = time.monotonic()
    grid.kill(victim["name"])
    for client in writers + senders:
        client.join()
    hit = [writer for writer, primary in zip(writers, primaries) if primary == victim["id"]]
    pauses = [under_way_or_later(writer, killed) for writer in hit]
    errors = [error for client in writers + senders for error in client.errors]
    answered = sum(len(sender.waits) for sender in senders)
    report(f"round {number}: before, longest wait of an append; of SMTP",
           f"{longest(writers, end=killed):7.2f} s {longest(senders, end=killed):7.2f} s")
    report(f"round {number}: writes to {len(hit)} of {len(users)} mailboxes stopped", f"{max(pauses):7.2f} s at most")
    smtp = longest(senders)
    report(f"round {number}: longest wait of {answered} messages", f"{smtp:7.2f} s", f"<= {SMTP_WAITS_AT_MOST} s",
           smtp <= SMTP_WAITS_AT_MOST)
    report(f"round {number}: errors of clients", f"{len(errors):7d}  {errors[:3] if errors else ''}", "0", not errors)
    grid.start_node(victim["name"])
    grid.wait_until_whole(120)
    return pauses


def main():
    parser = argparse.ArgumentParser(prog="./dev bench failover")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nodes", type=int, default=5)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--bytes", type=int, default=4096, help="size of the messages sent meanwhile")
    arguments = parser.parse_args()
    pauses = []
    with measured.grid_of(arguments.nodes) as grid:
        for i in range(arguments.rounds):
            pauses += one_round(grid, i + 1, arguments)
    pauses.sort()
    p99 = pauses[min(len(pauses) - 1, int(len(pauses) * 0.99))]
    report(f"writes of {len(pauses)} mailboxes stopped: half of them, p99", f"{statistics.median(pauses):7.2f} s {p99:7.2f} s",
           f"<= {WRITES_GO_ON_WITHIN} s", p99 <= WRITES_GO_ON_WITHIN)


if __name__ == "__main__":
    main()
