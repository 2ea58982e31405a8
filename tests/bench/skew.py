#!/usr/bin/env python3
"""How even the nodes' work is when a tenth of the users get nine tenths of the mail.

./dev bench skew [--nodes N] [--users N] [--rate N] [--minutes N]

Mail comes in at a steady rate, through every node in turn. Who does the work of a message is the primary of its mailbox at that time; a
node's work in a minute beside an even share says how uneven the grid is. At the end, from the last minute.
"""

import argparse
import collections
import random
import smtplib
import time

import load
import measured
from grid_api import path_part
from measured import report

OFF_AN_EVEN_SHARE = 0.2
HEAVY_USERS, HEAVY_MAIL = 0.1, 0.9
SEED = 1


class Mail(load.Clients):
    """A client for each node, all together `rate` messages a second."""

    def __init__(self, nodes, users, rate):
        super().__init__()
        self.users, self.pause = users, len(nodes) / rate
        self.sent = []  # (when, user's place); list.append is atomic
        self.refused = []
        for i, node in enumerate(nodes):
            self.add(self._send, node, random.Random(SEED + i))

    def _recipient(self, chance):
        heavy = max(1, int(len(self.users) * HEAVY_USERS))
        return chance.randrange(heavy) if chance.random() < HEAVY_MAIL else chance.randrange(heavy, len(self.users))

    def _send(self, node, chance):
        due = time.monotonic()
        with smtplib.SMTP(node["host"], node["smtp"], timeout=60) as client:
            client.ehlo("bench.example.org")
            while not self.ending:
                place = self._recipient(chance)
                client.mail("sender@example.org")
                client.rcpt(self.users[place]["address"])
                code, text = client.data(measured.message(len(self.sent), 2048))
                if code == 250:
                    self.sent.append((time.monotonic(), place))
                else:
                    self.refused.append(f"{code} {text}")
                due += self.pause
                time.sleep(max(0.0, due - time.monotonic()))


def slots_of(api, users):
    """Each user's slot, which never changes."""
    return [api.get(f"/users/{path_part(user['address'])}/location")["slot"] for user in users]


def primaries(api):
    return {row["slot"]: row["primary"] for row in api.get("/slots")}


def shares(grid, mail, slots, begin):
    """Each node's part of the messages since `begin`, and how far the worst is off an even one."""
    now = primaries(grid.api(grid.nodes[0]))
    counts = collections.Counter(now[slots[place]] for when, place in list(mail.sent) if when >= begin)
    total = sum(counts.values()) or 1
    parts = [counts[node["id"]] / total for node in grid.nodes]
    return parts, max(abs(part * len(parts) - 1) for part in parts)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench skew")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--rate", type=int, default=90, help="messages a second")
    parser.add_argument("--minutes", type=int, default=6)
    arguments = parser.parse_args()
    with measured.grid_of(arguments.nodes, users=arguments.users) as grid:
        users = grid.users
        slots = slots_of(grid.api(grid.nodes[0]), users)
        with Mail(grid.nodes, users, arguments.rate) as mail:
            before = primaries(grid.api(grid.nodes[0]))
            for minute in range(1, arguments.minutes + 1):
                begin = time.monotonic()
                time.sleep(60)
                parts, off = shares(grid, mail, slots, begin)
                after = primaries(grid.api(grid.nodes[0]))
                changed = sum(before[slot] != after[slot] for slot in before)
                before = after
                report(f"minute {minute}: {' '.join(f'{part:.0%}' for part in parts)} of the mail; primaries changed",
                       f"{changed:7d}")
        report("at the end, the node furthest off an even share", f"{off:7.1%}", f"<= {OFF_AN_EVEN_SHARE:.0%}",
               off <= OFF_AN_EVEN_SHARE)
        report("primaries changed in the last minute", f"{changed:7d}", "<= 2", changed <= 2)
        report("messages refused", f"{len(mail.refused):7d}", "0", not mail.refused)


if __name__ == "__main__":
    main()
