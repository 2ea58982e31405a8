#!/usr/bin/env python3
"""What a node costs that comes back: it is away by plan (`node maintenance`) while messages are added to slots it
holds; then how long until it is in sync again, and what was sent to it beside what had changed.

./dev bench away [--minutes M] [--changes N]
"""

import argparse
import concurrent.futures
import time

import load
import measured
from measured import report

IN_SYNC_WITHIN = 15.0
BYTES_FACTOR = 2.0
CONNECTIONS = 8


def append_some(node, user, count):
    client = measured.imap(node, user)
    for i in range(count):
        kind, data = client.append("INBOX", None, None, measured.message(i, 1024))
        assert kind == "OK", data
    client.logout()


def main():
    parser = argparse.ArgumentParser(prog="./dev bench away")
    parser.add_argument("--minutes", type=float, default=10, help="how long the node is away at least")
    parser.add_argument("--changes", type=int, default=10_000)
    arguments = parser.parse_args()
    with measured.grid_of(3) as grid:
        victim, front = grid.nodes[2], grid.nodes[0]
        api = grid.api(front)
        api.post(f"/nodes/{victim['name']}/maintenance", {"seconds": int(arguments.minutes * 60 + 1800)})
        measured.wait_until("no primaries on the node",
                            lambda: not any(row["primary"] == victim["id"] for row in api.get("/slots")), 60, 0.2)
        held = {row["slot"] for row in api.get("/slots") if victim["id"] in row["in_sync"]}
        users = [u for u in grid.users if api.get(f"/users/{u['address']}/location")["slot"] in held][:CONNECTIONS]
        gone = time.monotonic()
        grid.kill(victim["name"])
        measured.wait_until("its copies taken out of the map",
                            lambda: not any(victim["id"] in row["in_sync"] for row in api.get("/slots")), 60, 0.2)
        changed = load.metric(grid, "operation_bytes_total")
        with concurrent.futures.ThreadPoolExecutor(len(users)) as pool:
            list(pool.map(lambda user: append_some(front, user, arguments.changes // len(users)), users))
        changed = load.metric(grid, "operation_bytes_total") - changed
        time.sleep(max(0.0, arguments.minutes * 60 - (time.monotonic() - gone)))
        away = time.monotonic() - gone
        # A slot in which nothing ever was has a second copy at once, elsewhere; all others wait for the node.
        missed = {row["slot"] for row in api.get("/slots") if victim["id"] in row["retired"]}
        assert {api.get(f"/users/{user['address']}/location")["slot"] for user in users} <= missed
        sent = load.metric(grid, "fill_bytes_total")
        begun = time.monotonic()
        grid.start_node(victim["name"])

        def back():
            return all(victim["id"] in row["in_sync"] for row in api.get("/slots") if row["slot"] in missed)
        measured.wait_until("the node in sync", back, 300, 0.1)
        seconds = time.monotonic() - begun
        sent = load.metric(grid, "fill_bytes_total") - sent
        report(f"in sync, {len(missed)} slots, after {away:.0f} s away and {arguments.changes} changes", f"{seconds:7.2f} s",
               f"<= {IN_SYNC_WITHIN:.0f} s", seconds <= IN_SYNC_WITHIN)
        report(f"bytes sent to it, of {changed / 1e6:.1f} MB changed", f"{sent / 1e6:7.1f} MB",
               f"<= {BYTES_FACTOR:.0f} times", sent <= BYTES_FACTOR * changed)


if __name__ == "__main__":
    main()
