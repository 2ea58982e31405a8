#!/usr/bin/env python3
"""What clients notice while a node gives all its primaries away: SMTP and IMAP clients of all nodes go on meanwhile.

./dev bench drain [--rounds N] [--nodes N] [--clients N]
"""

import argparse
import time

import load
import measured
from measured import report

DRAINED_WITHIN = 10.0
OPERATION_TAKES_AT_MOST = 0.5


def primaries(api, node):
    return sum(row["primary"] == node["id"] for row in api.get("/slots"))


def one_round(grid, number, clients):
    node = grid.nodes[number % len(grid.nodes)]
    api = grid.api(grid.nodes[(number + 1) % len(grid.nodes)])
    measured.wait_until("primaries on the node", lambda: primaries(api, node) > 100, 120, 0.5)
    with load.Load(grid.nodes, grid.users[:clients]) as running:
        time.sleep(5)
        before = running.between(time.monotonic() - 4, time.monotonic())
        had = primaries(api, node)
        begun = time.monotonic()
        api.post(f"/nodes/{node['name']}/drain")
        measured.wait_until("the drain", lambda: primaries(api, node) == 0, 60, 0.1)
        seconds = time.monotonic() - begun
        time.sleep(1)
        during = running.between(begun, time.monotonic())
    slowest = max(o.seconds for o in during)
    report(f"round {number}: {had} primaries gone after", f"{seconds:7.2f} s", f"<= {DRAINED_WITHIN:.0f} s",
           seconds <= DRAINED_WITHIN)
    report(f"round {number}: slowest of {len(during)} operations (p99 {load.percentile(during, 99) * 1e3:.0f} ms; "
           f"before {load.percentile(before, 99) * 1e3:.0f} ms)", f"{slowest:7.3f} s", f"<= {OPERATION_TAKES_AT_MOST} s",
           slowest <= OPERATION_TAKES_AT_MOST)
    refused = load.errors(during)
    report(f"round {number}: errors of clients", f"{len(refused):7d}  {refused[:3] if refused else ''}", "0", not refused)
    api.post(f"/nodes/{node['name']}/undrain")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench drain")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--clients", type=int, default=6, help="users, with an SMTP and an IMAP client each")
    arguments = parser.parse_args()
    # Clients stay on the node: what is measured is the moving of primaries, not the sending away of sessions.
    measured.LoopbackGrid.drain = "check_interval_seconds = 5"
    with measured.grid_of(arguments.nodes) as grid:
        for i in range(arguments.rounds):
            one_round(grid, i + 1, arguments.clients)


if __name__ == "__main__":
    main()
