"""What the measurements share: grids of their own, clients, processor time and memory of processes, and printing."""

import contextlib
import imaplib
import os
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from loopback_grid import LoopbackGrid, wait_until  # noqa: E402

__all__ = ["ROOT", "cpu_seconds", "folder", "grid_of", "imap", "message", "report", "resident_bytes", "stored",
           "wait_until"]

BASE_PORT = int(os.environ.get("GRIDMAIL_BENCH_PORT", "29000"))
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
imaplib._MAXLINE = 10_000_000


@contextlib.contextmanager
def folder(name):
    """A fresh folder on the disk that the build is on, removed at the end."""
    (ROOT / "build/bench").mkdir(parents=True, exist_ok=True)
    path = pathlib.Path(tempfile.mkdtemp(prefix=name + "-", dir=ROOT / "build/bench"))
    path.chmod(0o755)  # Postfix and Dovecot run as users of their own
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def grid_of(nodes, base_port=BASE_PORT, users=None, **options):
    with folder("grid") as path:
        grid = LoopbackGrid(path / "grid")
        grid.users_count = users or grid.users_count
        grid.start(nodes, base_port, **options)
        try:
            yield grid
        finally:
            grid.stop()


def imap(node, user, tls=None):
    if tls:
        client = imaplib.IMAP4_SSL(node["host"], node["imaps"], ssl_context=tls, timeout=60)
    else:
        client = imaplib.IMAP4(node["host"], node["imap"], timeout=60)
    client.login(user["address"], user["password"])
    return client


def stored(client, mailbox="INBOX"):
    """How many messages a mailbox has."""
    kind, data = client.status(mailbox, "(MESSAGES)")
    if kind != "OK":
        return 0
    return int(data[0].rsplit(b"MESSAGES", 1)[1].strip(b" )"))


def message(number, size):
    """A plain message of about `size` bytes, as one sees it in the wild."""
    head = (f"From: Sender {number} <sender{number}@example.org>\r\nTo: Reader <reader@example.test>\r\n"
            f"Subject: Message number {number}\r\nDate: Thu, 1 Oct 2026 12:00:00 +0000\r\n"
            f"Message-ID: <{number}@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
    line = "The quick brown fox jumps over the lazy dog, and then it does so again.\r\n"
    return (head + line * max(1, (size - len(head)) // len(line))).encode()


def _stat(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[1]), sum(map(int, fields[11:15]))


def cpu_seconds(pids):
    """Of these processes and all they started, also those that have ended."""
    parents, ticks = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry)], ticks[int(entry)] = _stat(int(entry))
    def ours(pid):
        while pid:
            if pid in pids:
                return True
            pid = parents.get(pid, 0)
        return False
    return sum(ticks[pid] for pid in ticks if ours(pid)) / TICKS


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def report(what, figure, target=None, met=None):
    """One line; says plainly when a target is missed."""
    verdict = "" if target is None else f"   target {target}: {'met' if met else 'MISSED'}"
    print(f"{what:<58} {figure}{verdict}", flush=True)
