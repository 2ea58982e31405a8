#!/usr/bin/env python3
"""How fast the copies of a dead node are made anew: as much as the disk or the two cores allow while clients are quiet,
and without clients noticing while they are not.

What the disk allows is measured just before: a file is written in pieces of 512 KiB, each synced, as a joining copy
writes them. What the cores allow: all processor time of all nodes' processes, as a part of the machine's.

./dev bench rebuild [--megabytes N] [--clients N]
"""

import argparse
import concurrent.futures
import os
import time

import load
import measured
from measured import report

OF_WHAT_IS_ALLOWED = 0.6
SLOWER_BY = 1.5
PIECE = 512 * 1024


def disk_rate(folder, total=128 << 20):
    """Bytes a second."""
    path = folder / "disk"
    data = os.urandom(PIECE)
    begun = time.monotonic()
    with open(path, "wb", buffering=0) as file:
        for _ in range(total // PIECE):
            file.write(data)
            os.fdatasync(file.fileno())
    seconds = time.monotonic() - begun
    path.unlink()
    return total / seconds


def fill(grid, megabytes, size=256 * 1024):
    """Messages of random text, so that compression gains nothing that real attachments would not."""
    def deliver(user):
        client = measured.imap(grid.nodes[0], user)
        for i in range(max(1, megabytes * 1024 * 1024 // size // len(grid.users))):
            body = os.urandom(size // 2).hex().encode()
            lines = b"\r\n".join(body[k:k + 76] for k in range(0, len(body), 76))
            assert client.append("INBOX", None, None, measured.message(i, 300) + lines + b"\r\n")[0] == "OK"
        client.logout()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(deliver, grid.users))


def rebuilt(api):
    return all(len(row["in_sync"]) == 2 and not row["joining"] for row in api.get("/slots"))


def lose_a_node(grid, victim):
    """kill -9; returns once its slots have others, with joining copies that are not filled yet."""
    grid.kill(victim["name"])
    api = grid.api(grid.living()[0])
    measured.wait_until("the map without it", lambda: not any(
        victim["id"] in row["in_sync"] or row["primary"] == victim["id"] for row in api.get("/slots")), 60, 0.2)
    return api


def follow_rebuild(grid, api):
    """Waits for it to begin and to end; begin, end, bytes handed out, processor seconds."""
    before = load.metric(grid, "fill_bytes_total")
    while load.metric(grid, "fill_bytes_total") < before + PIECE:
        time.sleep(0.05)
    pids = [node["pid"] for node in grid.living()]
    begun, cpu = time.monotonic(), measured.cpu_seconds(pids)
    measured.wait_until("the rebuild", lambda: rebuilt(api), 900, 0.1)
    return (begun, time.monotonic(), load.metric(grid, "fill_bytes_total") - before, measured.cpu_seconds(pids) - cpu)


def come_back(grid, victim):
    grid.start_node(victim["name"])
    api = grid.api(grid.nodes[0])
    grid.wait_until_whole(300)
    measured.wait_until("balance", lambda: rebuilt(api) and sum(
        victim["id"] in row["in_sync"] for row in api.get("/slots")) > len(api.get("/slots")) * 0.6, 600, 0.5)


def quiet(grid, allowed):
    victim = grid.nodes[2]
    begun, ended, sent, cpu = follow_rebuild(grid, lose_a_node(grid, victim))
    rate = sent / (ended - begun)
    of_disk = rate / allowed
    of_cores = cpu / (ended - begun) / os.cpu_count()
    report(f"quiet: {sent / 1e6:.0f} MB in {ended - begun:.1f} s; a synced file gets {allowed / 1e6:.0f} MB/s",
           f"{rate / 1e6:7.1f} MB/s")
    report(f"quiet: of the disk {of_disk:.0%}, of all cores {of_cores:.0%}", f"{max(of_disk, of_cores):7.0%}",
           f">= {OF_WHAT_IS_ALLOWED:.0%}", max(of_disk, of_cores) >= OF_WHAT_IS_ALLOWED)
    come_back(grid, victim)


def busy(grid, clients):
    victim = grid.nodes[1]
    others = [node for node in grid.nodes if node is not victim]
    with load.Load(others, grid.users[:clients], pause=0.05) as running:
        time.sleep(3)
        api = lose_a_node(grid, victim)
        time.sleep(2)
        calm = time.monotonic()  # joining copies take new writes, and are filled after 30 s
        begun, ended, sent, _ = follow_rebuild(grid, api)
        before, during = running.between(calm, begun - 0.5), running.between(begun, ended)
    p99_before, p99_during = load.percentile(before, 99), load.percentile(during, 99)
    report(f"clients' p99: {len(before)} operations before", f"{p99_before * 1e3:7.1f} ms")
    report(f"clients' p99: {len(during)} while {sent / 1e6:.0f} MB were filled in {ended - begun:.1f} s",
           f"{p99_during * 1e3:7.1f} ms", f"< {SLOWER_BY} times", p99_during < SLOWER_BY * p99_before)
    wrong = load.errors(before + during)
    report("clients' errors", f"{len(wrong):7d}  {wrong[:3] if wrong else ''}", "0", not wrong)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench rebuild")
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--clients", type=int, default=4, help="users, with an SMTP and an IMAP client each")
    parser.add_argument("--only", choices=["quiet", "busy"])
    arguments = parser.parse_args()
    with measured.folder("disk") as folder:
        allowed = disk_rate(folder)
    with measured.grid_of(3) as grid:
        fill(grid, arguments.megabytes)
        if arguments.only != "busy":
            quiet(grid, allowed)
        if arguments.only != "quiet":
            busy(grid, arguments.clients)


if __name__ == "__main__":
    main()
