"""What integration tests stand on: the grid that ./dev test started, and clients of its nodes.

A test that stores mail takes users of its own (`GridCase.users_needed`), so that tests do not see each other's mail.
"""

import contextlib
import imaplib
import itertools
import os
import pathlib
import poplib
import smtplib
import socket
import ssl
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from grid_api import ApiError, path_part  # noqa: E402
from loopback_grid import COMMAND, LoopbackGrid, wait_until  # noqa: E402

__all__ = ["ApiError", "GridCase", "ROOT", "imap_login", "insecure_tls", "path_part", "pop_login", "run_client",
           "wait_until"]

TIMEOUT = 30
imaplib._MAXLINE = 10_000_000
poplib._MAXLINE = 10_000_000

_next_user = itertools.count()


def insecure_tls():
    """Loopback nodes have certificates of their own making."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextlib.contextmanager
def imap_login(node, user):
    imap = imaplib.IMAP4(node["host"], node["imap"], timeout=TIMEOUT)
    try:
        imap.login(user["address"], user["password"])
        yield imap
    finally:
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            imap.logout()


@contextlib.contextmanager
def pop_login(node, user):
    pop = poplib.POP3(node["host"], node["pop3"], timeout=TIMEOUT)
    try:
        pop.user(user["address"])
        pop.pass_(user["password"])
        yield pop
    finally:
        with contextlib.suppress(poplib.error_proto, OSError):
            pop.quit()


def run_client(command, seconds=60, **options):
    """Runs a mail client; its output goes into the failure when it does not exit with 0."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=seconds, check=False, **options)
    text = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise AssertionError(f"{command[0]} exited with {done.returncode}:\n{text[-4000:]}")
    return text


class GridCase(unittest.TestCase):
    """A case with users of its own on the running grid."""

    users_needed = 1

    @classmethod
    def setUpClass(cls):
        directory = os.environ.get("GRIDMAIL_TEST_GRID")
        if not directory:
            raise unittest.SkipTest("no grid: run ./dev test integration")
        cls.grid = LoopbackGrid(directory).load()
        users = cls.grid.users
        cls.users = [users[next(_next_user) % len(users)] for _ in range(cls.users_needed)]
        cls.user = cls.users[0] if cls.users else None

    def setUp(self):
        for user in self.users:
            self.empty_inbox(user)

    def empty_inbox(self, user):
        """A user may have been another case's before."""
        with imap_login(self.grid.nodes[0], user) as imap:
            if imap.select("INBOX")[1] != [b"0"]:
                imap.store("1:*", "+FLAGS.SILENT", r"(\Deleted)")
                imap.expunge()

    @classmethod
    def location(cls, user, through=None):
        """The row of the slot that holds the user's mail."""
        node = through or cls.grid.living()[0]
        return cls.grid.api(node).get(f"/users/{path_part(user['address'])}/location")

    @classmethod
    def not_primary(cls, user, which=0):
        """A node whose sessions must reach over to another node for this user's mail."""
        primary = cls.location(user)["primary"]
        return [node for node in cls.grid.nodes if node["id"] != primary][which]

    def deliver(self, message, users=None, node=None):
        """By SMTP on the MX port, bytes as they are (CRLF lines). Returns when it is answered 250."""
        self.deliver_all([message], users, node)

    def deliver_all(self, messages, users=None, node=None):
        """As deliver, one after the other over one connection."""
        users = users or [self.user]
        node = node or self.not_primary(users[0])
        with smtplib.SMTP(node["host"], node["smtp"], timeout=TIMEOUT) as smtp:
            smtp.ehlo("client.test")
            for message in messages:
                smtp.sendmail("sender@elsewhere.test", [user["address"] for user in users], message,
                              mail_options=["BODY=8BITMIME"])

    def inbox(self, user=None, node=None):
        """All messages of INBOX as bytes, as a node that is not the primary shows them."""
        user = user or self.user
        with imap_login(node or self.not_primary(user, 1), user) as imap:
            if imap.select("INBOX", readonly=True)[1] == [b"0"]:
                return []
            data = imap.fetch("1:*", "(BODY.PEEK[])")[1]
            return [part[1] for part in data if isinstance(part, tuple)]

    def gridmail(self, *arguments, node=None, check=True, stdin=None):
        """The command line; its standard output."""
        node = node or self.grid.living()[0]
        environment = os.environ | {"GRIDMAIL_URL": f"http://{node['host']}:{node['http']}",
                                    "GRIDMAIL_TOKEN": self.grid.description["admin"]["token"]}
        done = subprocess.run([COMMAND, *arguments], env=environment, capture_output=True,
                              text=True, timeout=60, input=stdin, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"gridmail {' '.join(arguments)}: {done.stderr}")
        return done.stdout if check else done

    @staticmethod
    def raw(node, service, source=None):
        """A bare connection, for clients that break rules; from that loopback address."""
        return RawClient(node["host"], node[service], source)


class RawClient:
    """Lines over a socket."""

    def __init__(self, host, port, source=None):
        self.socket = socket.create_connection((host, port), TIMEOUT, (source, 0) if source else None)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        """The next line without CRLF; empty at the end of the stream."""
        return self.file.readline().rstrip(b"\r\n")

    def reply(self):
        """A whole SMTP reply: its code and its text."""
        lines = []
        while True:
            line = self.line()
            if not line:
                raise AssertionError(f"connection closed after {lines}")
            lines.append(line)
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(lines).decode(errors="replace")

    def command(self, line):
        """SMTP: sends a line, gives the reply's code."""
        self.send(line + b"\r\n")
        return self.reply()[0]

    def tagged(self, command, tag=b"t1"):
        """IMAP: sends a command, gives the tagged line; what came before it is kept in `untagged`."""
        self.send(tag + b" " + command + b"\r\n")
        return self.until_tag(tag)

    def until_tag(self, tag=b"t1"):
        self.untagged = []
        while True:
            line = self.line()
            if not line:
                raise AssertionError(f"connection closed after {self.untagged}")
            if line.startswith(tag + b" "):
                return line
            self.untagged.append(line)

    def is_closed(self, within=10):
        """Whether the server closes the connection in that time."""
        self.socket.settimeout(within)
        try:
            deadline = time.monotonic() + within
            while time.monotonic() < deadline:
                if not self.socket.recv(4096):
                    return True
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return False
