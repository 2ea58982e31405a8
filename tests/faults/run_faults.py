#!/usr/bin/env python3
"""./dev faults: a grid of five machines of its own, with mail clients, through random faults; then what clients were told is checked.

    ./dev faults [--minutes 20] [--seed S] [--only FAULT,...] [--list]

Ends by itself. The run is in a process, mount and network namespace of its own: when it ends, however it does, the kernel ends
its nodes and takes back its mounts, devices and namespaces. Logs stay in build/faults. Exit status: 0 when every promise was
kept, 1 when not, 77 when namespaces are not permitted here.
"""

import argparse
import pathlib
import random
import shutil
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from namespaces import are_entered, enter_namespaces  # noqa: E402

MACHINES = 5
SENDERS, READERS = 3, 3
DEFAULT_DIR = ROOT / "build/faults"
HEAL_SECONDS_MAX = 180


class Run:
    def __init__(self, options):
        # Imported here: the fewest modules are needed to say that nothing can run.
        from grid_in_namespaces import NamespaceGrid
        from mail_record import MailRecord
        self.options = options
        self.random = random.Random(options.seed)
        self.record = MailRecord()
        self.grid = NamespaceGrid(options.dir, MACHINES, options.seed)
        self.clients = []
        self.faults = 0

    def say(self, text):
        print(f"[{time.monotonic() - self.record.begun:7.1f} s] {text}", flush=True)

    def start(self):
        self.grid.start(MACHINES)
        self.say(f"{MACHINES} nodes are ready")
        self.record.begun = time.monotonic()
        from mail_clients import Reader, Sender
        users = self.grid.users
        for i in range(SENDERS):
            self.clients.append(Sender(f"sender {i}", self.grid, self.record, self.options.pause, self.random.random()))
        for i in range(READERS):
            self.clients.append(Reader(f"reader {i}", self.grid, self.record, 0.5, self.random.random(), users[i::READERS]))
        for client in self.clients:
            client.start()

    def go_through_faults(self, kinds):
        """Every kind once in random order, then again, until the time is over."""
        end = self.record.begun + self.options.minutes * 60
        while time.monotonic() < end and not self.record.violations:
            for kind in self.random.sample(kinds, len(kinds)):
                if time.monotonic() >= end or self.record.violations:
                    return
                self.go_through(kind(self.grid, self.random))

    def go_through(self, fault):
        self.say(f"{fault.describe()} for {fault.hold:.1f} s")
        self.faults += 1
        fault.begin()
        time.sleep(fault.hold)
        fault.end()
        if fault.heavy:
            self.heal()
        else:
            time.sleep(self.random.uniform(1, 4))

    def heal(self):
        begun = time.monotonic()
        while self.grid.verdict() != "healthy":
            if time.monotonic() - begun > HEAL_SECONDS_MAX:
                self.record.violation(f"not healthy after {HEAL_SECONDS_MAX} s: {self.grid.reasons()}")
                return
            time.sleep(0.5)
        self.say(f"healthy after {time.monotonic() - begun:.1f} s")

    def finish(self):
        from final_check import check_every_view
        self.grid.network.set_links({})
        for client in self.clients:
            client.stop()
        for client in self.clients:
            client.join(120)
            self.record.check(not client.is_alive(), f"{client.name} does not end")
        self.heal()
        check_every_view(self.grid, self.record, self.say)
        self.say(f"{self.faults} faults; {len(self.record.acknowledged)} messages acknowledged, "
                 f"{len(self.record.unanswered)} without a clear answer, slowest answer {self.record.slowest:.1f} s; "
                 f"{self.record.reads} read, {sum(len(box.expunged) for box in self.record.mailboxes.values())} expunged; "
                 f"{sum(client.troubles for client in self.clients)} connections broken or refused")


def run(options):
    from faults import ALL
    from loopback_grid import GridError
    kinds = {kind.__name__: kind for kind in ALL}
    chosen = [kinds[name] for name in options.only.split(",")] if options.only else ALL
    if options.dir.exists():
        shutil.rmtree(options.dir)
    print(f"seed {options.seed}: ./dev faults --minutes {options.minutes:g} --seed {options.seed}"
          + (f" --only {options.only}" if options.only else ""), flush=True)
    the_run = Run(options)
    try:
        the_run.start()
        the_run.go_through_faults(chosen)
        the_run.finish()
    except GridError as error:
        the_run.record.violation(str(error))
    finally:
        the_run.grid.close()
    violations = the_run.record.violations
    print(f"{'failed' if violations else 'passed'}: seed {options.seed}, {len(violations)} violations; logs: {options.dir}",
          flush=True)
    return 1 if violations else 0


def main():
    parser = argparse.ArgumentParser(prog="./dev faults")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", default="", help="some kinds of faults, by name, with commas")
    parser.add_argument("--list", action="store_true", help="names the kinds of faults")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between a sender's messages, on average")
    parser.add_argument("--dir", type=pathlib.Path, default=DEFAULT_DIR)
    options = parser.parse_args()
    if options.list:
        from faults import ALL
        print("\n".join(f"{kind.__name__}: {kind.title}" for kind in ALL))
        return 0
    if not are_entered():
        if options.seed is None:
            sys.argv += ["--seed", str(random.SystemRandom().randrange(1_000_000))]
        return enter_namespaces()
    options.dir = options.dir.resolve()
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
