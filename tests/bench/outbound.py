#!/usr/bin/env python3
"""Mail out to one smtp-sink, until it has the last message: Postfix, one node, three nodes with two copies, in one run. The
clients are the same for all: smtp-source with 8 sessions and messages of 8 KiB, over TCP to Postfix, which believes this machine, and
over the socket of sendmail to a node, which does not.

./dev bench outbound [--messages N] [--only peer|one|three]...
"""

import argparse
import contextlib
import os
import pty
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
    """smtp-sink, which counts the messages that it takes: on a terminal at once, into a pipe by the block."""

    def __init__(self):
        self.terminal, end = pty.openpty()
        self.process = subprocess.Popen(["smtp-sink", "-c", "-u", "postfix", f"127.0.0.1:{SINK_PORT}", "1000"],
                                        stdout=end, stderr=subprocess.STDOUT)
        os.close(end)
        os.set_blocking(self.terminal, False)
        self.text = b""

    def count(self):
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self.terminal, 1 << 16):
                self.text = (self.text + piece)[-4000:]
        found = re.findall(rb"mesg=(\d+)", self.text)
        return int(found[-1]) if found else 0

    def read_until(self, what, condition):
        """The sink takes nothing while its count is not read: a terminal holds some kilobytes."""
        measured.wait_until(what, lambda: self.count() is not None and condition(), SECONDS_MAX, 0.02)

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", SINK_PORT)) == 0

    def __enter__(self):
        measured.wait_until("the sink", self.answers, 10)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        os.close(self.terminal)


def submit(door, sessions, messages, size=MESSAGE_BYTES):
    """smtp-source, which keeps its sessions and sends as fast as it is answered."""
    return subprocess.Popen(["smtp-source", "-d", "-s", str(sessions), "-m", str(messages), "-l", str(size),
                             "-f", "sender@example.org", "-t", "somebody@elsewhere.test", door])


def run(name, doors, pids, messages):
    """Messages a second, from the first connection until the sink has them. It shows the last few only when the connections that
    they came by end, which the sender may leave open for a while."""
    share = messages // len(doors)
    done = share * len(doors) * 99 // 100
    with Sink() as sink:
        used, begun = cpu_seconds(pids), time.monotonic()
        clients = [submit(door, SESSIONS // len(doors), share) for door in doors]
        sink.read_until(f"{name}: the clients", lambda: all(client.poll() is not None for client in clients))
        if any(client.returncode != 0 for client in clients):
            raise RuntimeError(f"{name}: a client failed")
        accepted = time.monotonic() - begun
        sink.read_until(f"{name}: the messages", lambda: sink.count() >= done)
        seconds = time.monotonic() - begun
        used = cpu_seconds(pids) - used
    report(name, f"{done / seconds:7.0f} msg/s   {1000 * used / done:.2f} ms CPU a message   "
                 f"(all accepted after {accepted:.1f} s, sent after {seconds:.1f} s)")
    return done / seconds


def run_peer(arguments):
    with measured.folder("peer") as path:
        peer = Postfix(path / "postfix", "127.0.0.1", measured.BASE_PORT + 25, POSTFIX, sink=SINK_PORT)
        peer.start()
        try:
            return run("Postfix", [f"inet:127.0.0.1:{measured.BASE_PORT + 25}"], [peer.pid()], arguments.messages)
        finally:
            peer.stop()


def run_grid(nodes, arguments):
    with measured.grid_of(nodes, smart_host=f"127.0.0.1:{SINK_PORT}") as grid:
        name = "gridmail, one node" if nodes == 1 else f"gridmail, {nodes} nodes, two copies"
        doors = [f"unix:{node['dir']}/sendmail" for node in grid.nodes]
        return run(name, doors, [node["pid"] for node in grid.nodes], arguments.messages)


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
