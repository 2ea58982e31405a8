#!/usr/bin/env python3
"""What kill -9 of a mailbox's primary costs, seen through another node: how long IMAP writes stop, and how long SMTP
lets a sender wait for its answer to a message meanwhile.

./dev bench failover [--rounds N]
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
WATCHED_SECONDS = 12


def longest_wait(node, user, until, waits):
    """Sends message after message, and notes how long each took from the end of its data to the answer."""
    number = 0
    with smtplib.SMTP(node["host"], node["smtp"], timeout=60) as client:
        client.ehlo("bench.example.org")
        while time.monotonic() < until:
            number += 1
            client.mail("sender@example.org")
            client.rcpt(user["address"])
            begun = time.monotonic()
            code, text = client.data(measured.message(number, 4096))
            waits.append((time.monotonic() - begun, code, text))
            time.sleep(0.02)


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


def one_round(grid, number, user):
    primary = grid.api(grid.nodes[0]).get(f"/users/{user['address']}/location")["primary"]
    victim = grid.node(primary)
    front = next(node for node in grid.nodes if node is not victim)
    client = measured.imap(front, user)
    waits = []
    sender = threading.Thread(target=longest_wait, args=(front, user, time.monotonic() + WATCHED_SECONDS, waits))
    sender.start()
    time.sleep(1)
    begun = time.monotonic()
    grid.kill(victim["name"])
    seconds = append_until_taken(client, begun)
    sender.join()
    client.logout()
    refused = [text for _, code, text in waits if code != 250]
    longest = max(wait for wait, _, _ in waits)
    report(f"round {number}: mailbox writes went on after", f"{seconds:7.2f} s", f"<= {WRITES_GO_ON_WITHIN:.0f} s",
           seconds <= WRITES_GO_ON_WITHIN)
    report(f"round {number}: longest wait of {len(waits)} messages, {len(refused)} refused", f"{longest:7.2f} s",
           f"<= {SMTP_WAITS_AT_MOST} s", longest <= SMTP_WAITS_AT_MOST and not refused)
    grid.start_node(victim["name"])
    grid.wait_until_whole(120)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench failover")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with measured.grid_of(3) as grid:
        for i in range(arguments.rounds):
            one_round(grid, i + 1, grid.users[i])


if __name__ == "__main__":
    main()
