#!/usr/bin/env python3
"""Mail out to one smtp-sink, until it has the last message: Postfix, one node, three nodes with two copies, in one run. The
clients are the same for all: 8 sessions, messages of 8 KiB, which log in where that is needed.

./dev bench outbound [--messages N] [--only peer|one|three]...
"""

import argparse
import base64
import multiprocessing
import os
import re
import socket
import subprocess
import time

import measured
from measured import cpu_seconds, report
from postfix import Postfix

SESSIONS = 8
MESSAGE_BYTES = 8192
SECONDS_MAX = 180
SINK_PORT = measured.BASE_PORT + 499
RATIO = 3.0
# With as much at once as the sink takes.
POSTFIX = """\
myhostname = mx.example.test
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{sink}
smtp_host_lookup = native
smtp_destination_concurrency_limit = 20
"""


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench outbound")
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--only", action="append", choices=("peer", "one", "three"))
    return parser.parse_args()


class Sink:
    """smtp-sink, which counts the messages that it takes."""

    def __init__(self):
        self.process = subprocess.Popen(["smtp-sink", "-c", "-u", "postfix", f"127.0.0.1:{SINK_PORT}", "1000"],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text = b""

    def count(self):
        self.text = (self.text + (self.process.stdout.read() or b""))[-4000:]
        found = re.findall(rb"mesg=(\d+)", self.text)
        return int(found[-1]) if found else 0

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", SINK_PORT)) == 0

    def __enter__(self):
        measured.wait_until("the sink", self.answers, 10)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def submit(host, port, user, messages, size=MESSAGE_BYTES):
    """One session, as fast as it is answered."""
    sender = user["address"] if user else "sender@example.org"
    envelope = f"MAIL FROM:<{sender}>\r\nRCPT TO:<somebody@elsewhere.test>\r\nDATA\r\n".encode()
    with socket.create_connection((host, port), timeout=SECONDS_MAX) as connection, connection.makefile("rb") as replies:
        def reply(expected):
            line = replies.readline()
            while line[3:4] == b"-":
                line = replies.readline()
            if line[:3] != expected:
                raise RuntimeError(f"expected {expected}, got {line}")

        reply(b"220")
        connection.sendall(b"EHLO bench.test\r\n")
        reply(b"250")
        if user:
            secret = base64.b64encode(f"\0{user['address']}\0{user['password']}".encode()).decode()
            connection.sendall(f"AUTH PLAIN {secret}\r\n".encode())
            reply(b"235")
        for number in range(messages):
            connection.sendall(envelope)
            for expected in (b"250", b"250", b"354"):
                reply(expected)
            text = measured.message(number, size).replace(b"sender" + str(number).encode() + b"@example.org",
                                                                   sender.encode(), 1)
            connection.sendall(text + b".\r\n")
            reply(b"250")
        connection.sendall(b"QUIT\r\n")


def run(name, doors, users, pids, messages):
    """Messages a second, from the first connection until the sink has all."""
    share = messages // SESSIONS
    with Sink() as sink:
        used, begun = cpu_seconds(pids), time.monotonic()
        clients = [multiprocessing.Process(target=submit, args=(*doors[i % len(doors)], users[i] if users else None, share))
                   for i in range(SESSIONS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(SECONDS_MAX)
            if client.exitcode != 0:
                raise RuntimeError(f"{name}: a client failed")
        accepted = time.monotonic() - begun
        measured.wait_until(f"{name}: all messages", lambda: sink.count() >= share * SESSIONS, SECONDS_MAX, 0.02)
        seconds = time.monotonic() - begun
        used = cpu_seconds(pids) - used
    done = share * SESSIONS
    report(name, f"{done / seconds:7.0f} msg/s   {1000 * used / done:.2f} ms CPU a message   "
                 f"(all accepted after {accepted:.1f} s, sent after {seconds:.1f} s)")
    return done / seconds


def run_peer(arguments):
    with measured.folder("peer") as path:
        peer = Postfix(path / "postfix", "127.0.0.1", measured.BASE_PORT + 25, POSTFIX, sink=SINK_PORT)
        peer.start()
        try:
            return run("Postfix", [("127.0.0.1", measured.BASE_PORT + 25)], None, [peer.pid()], arguments.messages)
        finally:
            peer.stop()


def run_grid(nodes, arguments):
    with measured.grid_of(nodes, smart_host=f"127.0.0.1:{SINK_PORT}") as grid:
        name = "gridmail, one node" if nodes == 1 else f"gridmail, {nodes} nodes, two copies"
        doors = [(node["host"], node["submission"]) for node in grid.nodes]
        return run(name, doors, grid.users[:SESSIONS], [node["pid"] for node in grid.nodes], arguments.messages)


def main():
    arguments = parse()
    wanted = arguments.only or ["peer", "one", "three"]
    peer = run_peer(arguments) if "peer" in wanted else None
    one = run_grid(1, arguments) if "one" in wanted else None
    three = run_grid(3, arguments) if "three" in wanted else None
    for name, figure in (("one node", one), ("three nodes", three)):
        if peer and figure:
            report(f"{name} to Postfix", f"{figure / peer:7.2f} times", f">= {RATIO}", figure / peer >= RATIO)


if __name__ == "__main__":
    main()
