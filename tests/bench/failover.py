#!/usr/bin/env python3
"""What kill -9 of a mailbox's node costs, seen through the others: how long IMAP writes stop, and how long SMTP lets
senders wait for their answer to a message meanwhile. In turn the node is the mailbox's primary, its backup, and none of
the two.

./dev bench failover [--rounds N] [--bytes BYTES]
"""

import argparse
import imaplib
import smtplib
import threading
import time

import measured
from measured import report

WRITES_GO_ON_WITHIN = 6.0
SMTP_WAITS_AT_MOST = 1.5
UNDISTURBED_SECONDS = 4
WATCHED_SECONDS = 15
ROLES = ("primary", "backup", "neither")


class Sender(threading.Thread):
    """Sends message after message through one node: of each, when its data ended and the seconds until the answer."""

    def __init__(self, node, address, size, until):
        super().__init__()
        self.node, self.address, self.size, self.until = node, address, size, until
        self.waits, self.refused = [], []

    def run(self):
        with smtplib.SMTP(self.node["host"], self.node["smtp"], timeout=60) as client:
            client.ehlo("bench.example.org")
            while time.monotonic() < self.until:
                self.send(client, measured.message(len(self.waits), self.size))
                time.sleep(0.02)

    def send(self, client, message):
        client.mail("sender@example.org")
        client.rcpt(self.address)
        client.docmd("DATA")
        client.send(message)
        begun = time.monotonic()
        client.send(b".\r\n")
        code, text = client.getreply()
        self.waits.append((begun, time.monotonic() - begun))
        if code != 250:
            self.refused.append(text)


def append_until_taken(client, begun):
    """Seconds since `begun` until an APPEND is answered OK."""
    while True:
        try:
            kind, _ = client.append("INBOX", None, None, measured.message(1, 2048))
        except imaplib.IMAP4.error:
            kind = "NO"
        if kind == "OK":
            return time.monotonic() - begun
        time.sleep(0.02)


def victim_of(grid, user, role):
    place = grid.api(grid.nodes[0]).get(f"/users/{user['address']}/location")
    held = {"primary": [place["primary"]], "backup": [n for n in place["in_sync"] if n != place["primary"]]}
    held["neither"] = [node["id"] for node in grid.nodes if node["id"] not in place["in_sync"]]
    return grid.node(held[role][0])


def one_round(grid, role, user, size):
    victim = victim_of(grid, user, role)
    fronts = [node for node in grid.nodes if node is not victim]
    client = measured.imap(fronts[0], user)
    until = time.monotonic() + WATCHED_SECONDS
    senders = [Sender(front, user["address"], size, until) for front in fronts]
    for sender in senders:
        sender.start()
    time.sleep(UNDISTURBED_SECONDS)
    begun = time.monotonic()
    grid.kill(victim["name"])
    seconds = append_until_taken(client, begun)
    for sender in senders:
        sender.join()
    client.logout()
    waits = [wait for sender in senders for _, wait in sender.waits]
    before = [wait for sender in senders for at, wait in sender.waits if at + wait < begun]
    refused = [text for sender in senders for text in sender.refused]
    report(f"{role} killed: longest wait of {len(before)} messages before", f"{max(before):7.2f} s")
    report(f"{role} killed: mailbox writes went on after", f"{seconds:7.2f} s", f"<= {WRITES_GO_ON_WITHIN:.0f} s",
           seconds <= WRITES_GO_ON_WITHIN)
    report(f"{role} killed: longest wait of {len(waits)} messages, {len(refused)} refused", f"{max(waits):7.2f} s",
           f"<= {SMTP_WAITS_AT_MOST} s", max(waits) <= SMTP_WAITS_AT_MOST and not refused)
    grid.start_node(victim["name"])
    grid.wait_until_whole(120)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench failover")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bytes", type=int, default=4096, help="size of the messages sent meanwhile")
    arguments = parser.parse_args()
    with measured.grid_of(3) as grid:
        for i in range(arguments.rounds):
            one_round(grid, ROLES[i % len(ROLES)], grid.users[i % len(grid.users)], arguments.bytes)


if __name__ == "__main__":
    main()
