#!/usr/bin/env python3
"""IMAP from one client: APPEND, three FETCHes and SEARCH TEXT over the same mailbox, on Dovecot and on one node, in one
run. What is timed is from the command to its tagged answer; the client reads and throws away.

./dev bench imap [--messages N] [--only peer|one|three]...
"""

import argparse
import socket
import time

import measured
from measured import report
from postfix_dovecot import PostfixDovecot

MESSAGE_BYTES = 7 * 1024
REPEATS = 5
COMMANDS = (("FETCH FLAGS", "FETCH 1:* FLAGS"),
            ("FETCH ENVELOPE BODYSTRUCTURE", "FETCH 1:* (ENVELOPE BODYSTRUCTURE)"),
            ("FETCH BODY.PEEK[]", "FETCH 1:* BODY.PEEK[]"),
            ("SEARCH TEXT, nothing found", 'SEARCH TEXT "no message says this"'))


class Client:
    """Reads as fast as Python can: imaplib's own parsing would be most of the time."""

    def __init__(self, node, user):
        self.socket = socket.create_connection((node["host"], node["imap"]), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = 0
        self.socket.recv(65536)
        self.command(f"LOGIN {user['address']} {user['password']}")

    def _until(self, tag):
        """What came, up to the tagged line; only the end is looked at."""
        pieces, tail, size = [], b"", 0
        mark = b"\r\n" + tag + b" "
        while True:
            piece = self.socket.recv(1 << 20)
            if not piece:
                raise RuntimeError("the connection ended")
            size += len(piece)
            tail = (tail + piece)[-4096:] if pieces else (b"\r\n" + piece)[-4096:]
            pieces.append(None)
            if tail.endswith(b"\r\n") and mark in tail:
                if not tail.rsplit(mark, 1)[1].startswith(b"OK"):
                    raise RuntimeError(tail)
                return size

    def command(self, line):
        self.number += 1
        tag = b"t%d" % self.number
        self.socket.sendall(tag + b" " + line.encode() + b"\r\n")
        return self._until(tag)

    def append(self, body):
        self.number += 1
        tag = b"t%d" % self.number
        self.socket.sendall(tag + b" APPEND INBOX {%d}\r\n" % len(body))
        if not self.socket.recv(4096).startswith(b"+"):
            raise RuntimeError("no continuation")
        self.socket.sendall(body + b"\r\n")
        self._until(tag)


def measure(name, node, user, messages):
    client = Client(node, user)
    bodies = [measured.message(number, MESSAGE_BYTES) for number in range(messages)]
    begun = time.monotonic()
    for body in bodies:
        client.append(body)
    figures = {"APPEND": messages / (time.monotonic() - begun)}
    report(f"{name}: APPEND", f"{figures['APPEND']:8.0f} a second")
    client.command("SELECT INBOX")
    for what, line in COMMANDS:
        times = []
        for _ in range(REPEATS):
            begun = time.monotonic()
            client.command(line)
            times.append(time.monotonic() - begun)
        figures[what] = min(times)
        report(f"{name}: {what} of {messages}", f"{1000 * min(times):8.1f} ms   (first {1000 * times[0]:.1f} ms)")
    return figures


def main():
    parser = argparse.ArgumentParser(prog="./dev bench imap")
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--only", action="append", choices=("peer", "one", "three"))
    arguments = parser.parse_args()
    wanted = arguments.only or ["peer", "one"]
    peer = one = None
    if "peer" in wanted:
        with measured.folder("peer") as path, PostfixDovecot(path) as running:
            peer = measure("Dovecot", running.node, running.user(1), arguments.messages)
    if "one" in wanted:
        with measured.grid_of(1) as grid:
            one = measure("gridmail, one node", grid.nodes[0], grid.users[0], arguments.messages)
    if "three" in wanted:
        with measured.grid_of(3) as grid:
            measure("gridmail, three nodes", grid.nodes[0], grid.users[0], arguments.messages)
    for what in one if peer and one else ():
        ratio = one[what] / peer[what] if what == "APPEND" else peer[what] / one[what]
        report(f"one node to Dovecot: {what}", f"{ratio:8.2f} times as fast")


if __name__ == "__main__":
    main()
