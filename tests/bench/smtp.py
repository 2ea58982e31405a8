#!/usr/bin/env python3
"""SMTP in to mailbox, until the last message is stored: Postfix handing to Dovecot, then one node, then three nodes
with two copies, in one run on the same machine. The load is Postfix's smtp-source: 8 sessions, messages of 8 KiB.

./dev bench smtp [--messages N] [--mailboxes 1..8] [--only peer|one|three]...
"""

import argparse
import subprocess
import time

import measured
from measured import cpu_seconds, report
from postfix_dovecot import PostfixDovecot

SESSIONS = 8
MESSAGE_BYTES = 8192
SECONDS_MAX = 180
RATIO_ONE_NODE = 2.5
RATIO_THREE_NODES = 1.0


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench smtp")
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--mailboxes", type=int, default=SESSIONS, choices=range(1, SESSIONS + 1))
    parser.add_argument("--only", action="append", choices=("peer", "one", "three"))
    return parser.parse_args()


def start_senders(nodes, users, messages):
    """One smtp-source for each mailbox; over several nodes in turn."""
    for i, user in enumerate(users):
        node = nodes[i % len(nodes)]
        yield subprocess.Popen(
            ["smtp-source", "-d", "-s", str(SESSIONS // len(users)), "-l", str(MESSAGE_BYTES),
             "-m", str(messages // len(users)), "-f", "sender@example.org", "-t", user["address"],
             f"{node['host']}:{node['smtp']}"], stdout=subprocess.DEVNULL)


def run(name, nodes, users, pids, messages):
    """Messages a second, from the first connection until IMAP shows the last message."""
    share = messages // len(users)
    readers = [measured.imap(nodes[0], user) for user in users]
    before = [measured.stored(reader) for reader in readers]
    used = cpu_seconds(pids)
    begun = time.monotonic()
    for sender in list(start_senders(nodes, users, messages)):
        if sender.wait(SECONDS_MAX) != 0:
            raise RuntimeError(f"{name}: smtp-source failed")
    accepted = time.monotonic() - begun
    for reader, had in zip(readers, before):
        measured.wait_until(f"{name}: all messages", lambda: measured.stored(reader) >= had + share, SECONDS_MAX, 0.02)
    seconds = time.monotonic() - begun
    used = cpu_seconds(pids) - used
    for reader in readers:
        reader.logout()
    done = share * len(users)
    report(name, f"{done / seconds:7.0f} msg/s   {1000 * used / done:.2f} ms CPU a message   "
                 f"(all accepted after {accepted:.1f} s, stored after {seconds:.1f} s)")
    return done / seconds


def run_peer(arguments):
    with measured.folder("peer") as path, PostfixDovecot(path) as peer:
        users = [peer.user(i) for i in range(1, arguments.mailboxes + 1)]
        return run("Postfix -> LMTP -> Dovecot (sdbox)", [peer.node], users, peer.pids(), arguments.messages)


def run_grid(nodes, arguments):
    with measured.grid_of(nodes) as grid:
        name = "gridmail, one node" if nodes == 1 else f"gridmail, {nodes} nodes, two copies"
        pids = [node["pid"] for node in grid.nodes]
        return run(name, grid.nodes, grid.users[:arguments.mailboxes], pids, arguments.messages)


def main():
    arguments = parse()
    wanted = arguments.only or ["peer", "one", "three"]
    peer = run_peer(arguments) if "peer" in wanted else None
    one = run_grid(1, arguments) if "one" in wanted else None
    three = run_grid(3, arguments) if "three" in wanted else None
    for name, figure, target in (("one node", one, RATIO_ONE_NODE), ("three nodes", three, RATIO_THREE_NODES)):
        if peer and figure:
            report(f"{name} to Postfix and Dovecot", f"{figure / peer:7.2f} times", f">= {target}", figure / peer >= target)


if __name__ == "__main__":
    main()
