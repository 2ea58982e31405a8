#!/usr/bin/env python3
"""A long queue: mail for a next hop that cannot be reached, until so many messages wait; then the hop comes up.

How fast messages come in and go out with that many waiting, beside the same with few; what the process grows by; how long
its start takes. The clients are those of `outbound`.

./dev bench backlog [--messages N] [--few N] [--bytes N] [--nodes N]
"""

import argparse
import shutil
import threading
import time

import measured
from loopback_grid import LoopbackGrid
from measured import report, resident_bytes
from outbound import SESSIONS, SINK_PORT, Sink, submit

GROWTH_MAX = 300 << 20
RATE_LEAST = 0.8
START_MAX = 5.0
REST_MAX = 150  # a hop that could not be reached rests for at most 2 min
MIB = 1 << 20


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench backlog")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--bytes", type=int, default=1024)
    parser.add_argument("--nodes", type=int, default=1)
    return parser.parse_args()


class Watch:
    """The most memory that each process had."""

    def __init__(self, grid):
        self.grid = grid
        self.most = {}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.over.wait(0.5):
            for node in self.grid.nodes:
                try:
                    used = resident_bytes(node["pid"])
                except OSError:
                    continue  # it starts just now
                self.most[node["name"]] = max(self.most.get(node["name"], 0), used)

    def growth(self, before):
        return max(self.most[name] - before[name] for name in before)


def enqueue(grid, messages, size):
    """Messages a second."""
    begun, share = time.monotonic(), messages // len(grid.nodes)
    clients = [submit(f"unix:{node['dir']}/sendmail", SESSIONS // len(grid.nodes), share, size) for node in grid.nodes]
    for client in clients:
        if client.wait() != 0:
            raise RuntimeError("a client failed")
    return share * len(clients) / (time.monotonic() - begun)


def dequeue(messages):
    """Messages a second, from the first that goes out until only a hundredth is left: the sink tells of the last few when their
    connections end."""
    with Sink() as sink:
        measured.wait_until("the end of the hop's rest", sink.count, REST_MAX, 0.02)
        begun, first = time.monotonic(), sink.count()
        before, last, seconds = first, begun, None
        while (count := sink.count()) < messages:
            now = time.monotonic()
            if count > before:
                before, last = count, now
            if seconds is None and count >= messages * 99 // 100:
                seconds, counted = now - begun, count - first
            if now - last > REST_MAX:
                raise RuntimeError(f"{count} of {messages} messages went out, and then none")
            time.sleep(0.02)
        return counted / seconds if seconds else (messages - first) / (time.monotonic() - begun)


def restart(grid):
    """Seconds until the first node answers again."""
    node = grid.nodes[0]
    grid.kill(node["name"])
    begun = time.monotonic()
    grid._spawn(node)  # pylint: disable=protected-access
    grid.save()
    measured.wait_until("/readyz", lambda: grid.api(node).probe("/readyz")[0] == 200, 120, 0.01)
    return time.monotonic() - begun


def measure(grid, arguments):
    before = {node["name"]: resident_bytes(node["pid"]) for node in grid.nodes}
    watch = Watch(grid)
    few = arguments.few // arguments.nodes * arguments.nodes
    few_in = enqueue(grid, few, arguments.bytes)
    few_out = dequeue(few)
    report(f"{few} messages, in and out", f"{few_in:7.0f} msg/s  {few_out:7.0f} msg/s")
    rest = (arguments.messages - few) // arguments.nodes * arguments.nodes
    rate = enqueue(grid, rest, arguments.bytes)
    report(f"{rest} messages, in", f"{rate:7.0f} msg/s")
    many_in = enqueue(grid, few, arguments.bytes)
    report(f"{few} more, in", f"{many_in:7.0f} msg/s", f">= {RATE_LEAST} of the first", many_in >= RATE_LEAST * few_in)
    report(f"memory with {rest + few} messages waiting", f"{watch.growth(before) / MIB:+7.0f} MiB",
           f"< {GROWTH_MAX // MIB} MiB", watch.growth(before) < GROWTH_MAX)
    seconds = restart(grid)
    report("start, to /readyz", f"{seconds:7.2f} s", f"< {START_MAX:.0f} s", seconds < START_MAX)
    many_out = dequeue(rest + few)
    report(f"{rest + few} messages, out", f"{many_out:7.0f} msg/s", f">= {RATE_LEAST} of the first",
           many_out >= RATE_LEAST * few_out)
    report("memory at most", f"{watch.growth(before) / MIB:+7.0f} MiB", f"< {GROWTH_MAX // MIB} MiB",
           watch.growth(before) < GROWTH_MAX)
    watch.over.set()


def main():
    arguments = parse()
    with measured.folder("grid") as path:
        grid = LoopbackGrid(path / "grid")
        grid.cache_bytes = "256 MiB"  # what a node has unless told otherwise
        grid.start(arguments.nodes, measured.BASE_PORT, smart_host=f"127.0.0.1:{SINK_PORT}")
        try:
            measure(grid, arguments)
        finally:
            grid.stop()
            shutil.rmtree(path / "grid", ignore_errors=True)


if __name__ == "__main__":
    main()
