#!/usr/bin/env python3
"""./dev grid: starts and stops grids on loopback."""

import argparse
import sys
import time

from loopback_grid import DEFAULT_BASE_PORT, DEFAULT_DIR, GridError, LoopbackGrid


def parse():
    parser = argparse.ArgumentParser(prog="./dev grid")
    verbs = parser.add_subparsers(dest="verb", required=True)
    start = verbs.add_parser("start", help="N nodes; returns when all are ready")
    start.add_argument("nodes", type=int, metavar="N")
    start.add_argument("--base-port", type=int, default=DEFAULT_BASE_PORT, help="ports P to P+499 are used")
    start.add_argument("--smart-host", metavar="HOST:PORT", help="where mail for other domains goes")
    stop = verbs.add_parser("stop", help="ends all nodes; their data stays until the next start")
    start_node = verbs.add_parser("start-node", help="brings a killed node back")
    start_node.add_argument("name", metavar="NAME")
    for verb in (start, stop, start_node):
        verb.add_argument("--dir", default=DEFAULT_DIR)
    return parser.parse_args()


def main():
    arguments = parse()
    grid = LoopbackGrid(arguments.dir)
    begun = time.monotonic()
    try:
        if arguments.verb == "start":
            grid.start(arguments.nodes, arguments.base_port, arguments.smart_host)
            print(f"{arguments.nodes} nodes are ready after {time.monotonic() - begun:.1f} s: {grid.file}")
        elif arguments.verb == "stop":
            grid.load().stop()
        else:
            grid.load().start_node(arguments.name)
            print(f"{arguments.name} is ready after {time.monotonic() - begun:.1f} s")
    except GridError as error:
        print(f"dev: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
