#!/usr/bin/env python3
"""Memory of an IMAP connection in IDLE: what the process grew by, over the number of connections; plain and TLS.

./dev bench idle [--connections N]
"""

import argparse
import resource
import socket
import ssl

import measured
from measured import report, resident_bytes

BYTES_MAX = 64 * 1024
MAILBOXES = 20


def insecure_tls():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Connection:
    """The least that a client in IDLE is; imaplib knows no IDLE."""

    def __init__(self, node, user, tls):
        self.socket = socket.create_connection((node["host"], node["imaps" if tls else "imap"]), timeout=60)
        if tls:
            self.socket = tls.wrap_socket(self.socket)
        self.input = self.socket.makefile("rb")
        self.expect(b"* OK")
        self.command(f'a LOGIN {user["address"]} {user["password"]}', b"a OK")
        self.command("b SELECT INBOX", b"b OK")
        self.command("c IDLE", b"+")

    def expect(self, start):
        while True:
            line = self.input.readline()
            if line.startswith(start):
                return
            if not line or b" NO" in line[:6] or b" BAD" in line[:6]:
                raise RuntimeError(f"instead of {start}: {line}")

    def command(self, line, start):
        self.socket.sendall(line.encode() + b"\r\n")
        self.expect(start)

    def close(self):
        self.input.close()
        self.socket.close()


def measure(name, node, users, tls, count):
    # What a first log-in, a first handshake and a first look at each mailbox cost is not the connections'.
    for connection in [Connection(node, user, tls) for user in users]:
        connection.close()
    before = resident_bytes(node["pid"])
    connections = [Connection(node, users[i % len(users)], tls) for i in range(count)]
    each = (resident_bytes(node["pid"]) - before) / count
    for connection in connections:
        connection.close()
    report(f"one connection in IDLE, {name}, of {count}", f"{each / 1024:7.1f} KiB", "< 64 KiB", each < BYTES_MAX)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench idle")
    parser.add_argument("--connections", type=int, default=800)
    arguments = parser.parse_args()
    files = arguments.connections + 200
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(files, 4096), most))
    # Each kind in a process of its own: memory that one frees the next would reuse.
    for name, tls in (("plain", None), ("TLS", insecure_tls())):
        with measured.grid_of(1) as grid:
            measure(name, grid.nodes[0], grid.users[:MAILBOXES], tls, arguments.connections)


if __name__ == "__main__":
    main()
