#!/usr/bin/env python3
"""What a scrape of /metrics costs in a grid with many users: bytes, and time from the request to the last of them.

Users are added by `gridmail user import`, with a hash from elsewhere, so that no password is hashed for it. Some hundred of
them get mail and log in first: no series may be one user's.

./dev bench scrape [--users N] [--rounds N]
"""

import argparse
import concurrent.futures
import os
import pathlib
import smtplib
import statistics
import subprocess
import time
import urllib.request

import measured
from measured import ROOT, report

BYTES_MAX = 100_000
SECONDS_MAX = 0.020
ACTIVE = 300
IMPORTS = 6
# "password", by crypt(3)
HASH = "{CRYPT}$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/"


def add_users(grid, folder, count):
    """By several at once, through all nodes: a batch waits for its slot's commits, not for a processor."""
    environment = os.environ | {"GRIDMAIL_TOKEN": grid.description["admin"]["token"]}

    def add(part):
        file, node = pathlib.Path(folder) / f"users{part}", grid.nodes[part % len(grid.nodes)]
        file.write_text("".join(f"many{i}@example.test:{HASH}\n" for i in range(part, count, IMPORTS)))
        subprocess.run([ROOT / "build/release/gridmail", "user", "import", file], check=True, stdout=subprocess.DEVNULL,
                       env=environment | {"GRIDMAIL_URL": f"http://{node['host']}:{node['http']}"})

    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(IMPORTS) as pool:
        list(pool.map(add, range(IMPORTS)))
    report(f"{count} users added", f"{count / (time.monotonic() - begun):7.0f} a second")


def be_active(node, users):
    with smtplib.SMTP(node["host"], node["smtp"], timeout=120) as client:
        client.sendmail("sender@example.org", [user["address"] for user in users[:50]], measured.message(1, 4096))
    for user in users:
        measured.imap(node, user).logout()


def scrape(node):
    begun = time.monotonic()
    with urllib.request.urlopen(f"http://{node['host']}:{node['http']}/metrics", timeout=60) as answer:
        text = answer.read()
    return len(text), time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(prog="./dev bench scrape")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    arguments = parser.parse_args()
    with measured.grid_of(3) as grid, measured.folder("users") as folder:
        add_users(grid, folder, arguments.users)
        node = grid.nodes[0]
        step = max(1, arguments.users // ACTIVE)
        many = [{"address": f"many{i}@example.test", "password": "password"} for i in range(0, arguments.users, step)]
        be_active(node, many)
        scrape(node)
        sizes, times = zip(*(scrape(node) for _ in range(arguments.rounds)))
        slow = statistics.quantiles(times, n=100)[98]
        what = f"a scrape with {arguments.users} users, {len(many)} of them active"
        report(f"{what}: bytes", f"{max(sizes):7d}", f"< {BYTES_MAX}", max(sizes) < BYTES_MAX)
        report("its time: half of them within", f"{statistics.median(times) * 1000:7.1f} ms")
        report("99 of 100", f"{slow * 1000:7.1f} ms", f"< {SECONDS_MAX * 1000:.0f} ms", slow < SECONDS_MAX)


if __name__ == "__main__":
    main()
