#!/usr/bin/env python3
"""Start of a node that holds many messages, after kill -9, until /readyz answers 200.

A grid of one node has no lease to wait out beyond what a lone primary always waits; the line says what the node's log
tells of it.

./dev bench start [--messages N]
"""

import argparse
import concurrent.futures
import smtplib
import time

import measured
from measured import report

SECONDS_MAX = 2.0
RECIPIENTS = 50
SENDERS = 8
MESSAGE_BYTES = 4096


def fill(node, users, messages):
    """Every message goes to all users at once: the quickest way in."""
    rounds = -(-messages // len(users))
    addresses = [user["address"] for user in users]

    def send(numbers):
        with smtplib.SMTP(node["host"], node["smtp"], timeout=120) as client:
            for number in numbers:
                client.sendmail("sender@example.org", addresses, measured.message(number, MESSAGE_BYTES))

    with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(send, [range(i, rounds, SENDERS) for i in range(SENDERS)]))
    return rounds * len(users)


def measure(grid, messages):
    node = grid.nodes[0]
    begun = time.monotonic()
    had = fill(node, grid.users[:RECIPIENTS], messages)
    report(f"{had} messages delivered", f"{had / (time.monotonic() - begun):7.0f} a second")
    for attempt in range(3):
        grid.kill(node["name"])
        begun = time.monotonic()
        process = grid._spawn(node)  # pylint: disable=protected-access
        grid.save()
        measured.wait_until("/readyz", lambda: grid.api(node).probe("/readyz")[0] == 200, 60, 0.01)
        seconds = time.monotonic() - begun
        assert process.poll() is None
        report(f"start {attempt + 1} with {had} messages, to /readyz", f"{seconds:7.2f} s", f"< {SECONDS_MAX:.0f} s",
               seconds < SECONDS_MAX)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench start")
    parser.add_argument("--messages", type=int, default=100_000)
    arguments = parser.parse_args()
    with measured.grid_of(1) as grid:
        measure(grid, arguments.messages)


if __name__ == "__main__":
    main()
