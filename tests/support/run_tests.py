#!/usr/bin/env python3
"""./dev test: runs every kind of test and counts cases; the last line is "N passed, N failed"."""

import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time
import unittest

from namespaces import NAMESPACES, SKIPPED
from loopback_grid import BUILD, ROOT, GridError, LoopbackGrid

FUZZ_SECONDS = 10
FAULTS_MINUTES = 2
INTERNET_ROUNDS = 12
INTERNET_DEAD = 300


class Tally:
    """What passed and what failed, over all parts."""

    def __init__(self):
        self.passed = 0
        self.failed = []

    def add(self, passed, failed, where):
        self.passed += passed
        self.failed += [where] * failed
        print(f"  {where}: {passed} passed, {failed} failed", flush=True)


def run(command, seconds):
    """Exit code and output; 124 when it took too long."""
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=seconds, check=False)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
        return 124, (output if isinstance(output, str) else output.decode(errors="replace")) + "\ntoo long\n"


def count(command, pattern, seconds):
    """Runs a program that counts its own cases: passed, failed, what it said. A wrong exit is a failure, whatever it
    counted."""
    code, output = run(command, seconds)
    found = re.findall(pattern, output)
    passed, failed = map(int, found[-1]) if found else (0, 0)
    if code != 0 and failed == 0:
        failed = 1
    if not found and code == 0:
        passed = 1
    return passed, failed, output


def side_by_side(programs, tally):
    """Each of (where, command, pattern, seconds), as many at a time as there are cores."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(count, command, pattern, seconds): where for where, command, pattern, seconds in programs}
        for job in concurrent.futures.as_completed(jobs):
            passed, failed, output = job.result()
            if failed:
                print(output[-8000:])
            tally.add(passed, failed, jobs[job])


def unit(tally):
    """The long ones, simulations, begin first."""
    listing = json.loads(run(["ctest", "--test-dir", str(BUILD), "--show-only=json-v1"], 60)[1])
    pattern = r"test cases:.*?\|\s*(\d+) passed\s*\|\s*(\d+) failed"
    tests = sorted(listing["tests"], key=lambda test: not test["name"].startswith("simulator_"))
    side_by_side([(test["name"], test["command"], pattern, 900) for test in tests], tally)


def style(tally):
    python_cases(ROOT / "tests/tidy", "style", tally)


def packaging(tally):
    """What needs no machines of its own: ./dev package-test has those."""
    python_cases(ROOT / "tests/packaging", "packaging", tally)


def model(tally):
    """Takes a minute and a half on one core that does nothing else."""
    program = [*LAST_IN_LINE, sys.executable, ROOT / "tests/model/run_model.py"]
    side_by_side([("models of the protocol", program, r"(\d+) passed, (\d+) failed", 7200)], tally)


def simulator(tally):
    """The whole grid under seeds, one family of scenarios after the other; each uses all cores that nothing else wants. A
    build with sanitizers, many times slower, gets a twentieth of the seeds."""
    program = BUILD / "gridmail_sim"
    code, output = run([program, "--list-families"], 60)
    families = dict(line.split() for line in output.splitlines()) if code == 0 else {}
    if not families:
        print(output[-8000:])
        tally.add(0, 1, "what there is to simulate")
    begun, walks = time.monotonic(), 0
    for family, seeds in families.items():
        seeds = int(seeds) if BUILD.name == "release" else -(-int(seeds) // 20)
        passed, failed, output = count(
            [*LAST_IN_LINE, program, "--family", family, "--runs", str(seeds), "--jobs", str(os.cpu_count())],
            r"(\d+) passed, (\d+) failed", 2400)
        if failed:
            print(output[-8000:])
        tally.add(passed, failed, f"simulator, {family}")
        walks += passed + failed
    print(f"  simulator: {walks} seeds of scenarios in {time.monotonic() - begun:.0f} s", flush=True)


def fuzz(tally):
    names = sorted(source.stem.removesuffix("_fuzz") for source in (ROOT / "tests/fuzz").glob("*_fuzz.cpp"))
    code, output = run([*LAST_IN_LINE, ROOT / "dev", "build", "fuzz", *(f"{name}_fuzz" for name in names)], 1800)
    if code != 0:
        print(output[-8000:])
        tally.add(0, 1, "building the fuzzers")
        return
    side_by_side([(f"fuzz {name}", [*LAST_IN_LINE, ROOT / "dev", "fuzz", name, "--seconds", str(FUZZ_SECONDS)], r"\b\B", 300)
                  for name in names], tally)


def integration(tally):
    grid = LoopbackGrid(ROOT / "build/test-grid")
    try:
        grid.start_anew(3, base_port=21000)
    except GridError as error:
        print(error)
        tally.add(0, 1, "starting a grid of three nodes")
        return
    os.environ["GRIDMAIL_TEST_GRID"] = str(grid.dir)
    try:
        python_cases(ROOT / "tests/integration", "integration", tally)
    finally:
        grid.load().stop()


def internet(tally):
    in_namespaces("internet", [ROOT / "tests/internet/run_internet.py", "--rounds", str(INTERNET_ROUNDS), "--dead",
                               str(INTERNET_DEAD)], tally)


def seed_of_commit():
    """Another one for each commit, the same for all runs of one."""
    code, output = run(["git", "rev-parse", "HEAD"], 60)
    return int(output[:8], 16) if code == 0 and re.fullmatch(r"[0-9a-f]{40,}\s*", output) else 1


def faults(tally):
    """Two minutes are few: each commit has its own seed, so that in the course of time all are seen."""
    seed = seed_of_commit()
    print(f"  faults: seed {seed}", flush=True)
    in_namespaces("faults", [ROOT / "tests/faults/run_faults.py", "--minutes", str(FAULTS_MINUTES), "--seed", str(seed)],
                  tally)


def browser(tally):
    """The dashboard in Chromium, on a grid of three."""
    folder = ROOT / "tests/dashboard"
    code, output = run(["npm", "--prefix", folder, "install", "--silent", "--no-audit", "--no-fund"], 300)
    if code != 0:
        print(output[-8000:])
        tally.add(0, 1, "what the browser tests need of npm")
        return
    program = ["node", "--test", "--test-reporter=tap", folder]
    code, output = run(program, 900)
    counted = [int(re.findall(rf"^# {word} (\d+)", output, re.MULTILINE)[-1]) if f"# {word} " in output else 0
               for word in ("pass", "fail", "cancelled")]
    passed, failed = counted[0], counted[1] + counted[2]
    failed = failed or int(code != 0 or passed == 0)
    if failed:
        print(output[-16000:])
    tally.add(passed, failed, "browser")


def package(tally):
    """On machines with systemd in namespaces, from installation to purge."""
    as_root("package", [ROOT / "dev", "package-test"], tally)


def image(tally):
    """The short half of ./dev iso-test: it is made, makes a new grid, and comes back with its data."""
    as_root("image", [ROOT / "dev", "iso-test", "bios_cd"], tally)


def as_root(where, command, tally):
    """As far as this machine lets one be root over mounts and namespaces."""
    code, reason = run([*NAMESPACES, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], 60) if os.geteuid() == 0 else (1, "only root can")
    if code != 0:
        print(f"  skipped: {where}: {reason.strip()}")
        return
    passed, failed, output = count(command, r"(\d+) passed, (\d+) failed", 1800)
    print(output[-8000:])
    tally.add(passed, failed, where)


def in_namespaces(where, program, tally):
    """As far as this machine lets network namespaces be made."""
    code, output = run([sys.executable, *program], 1800)
    print(output[-8000:])
    if code != SKIPPED:
        tally.add(int(code == 0), int(code != 0), where)


def python_cases(folder, where, tally):
    sys.path.insert(0, str(folder))
    suite = unittest.TestLoader().discover(str(folder), pattern="*_test.py", top_level_dir=str(folder))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    tally.add(result.testsRun - failed - len(result.skipped), failed, where)
    for case, reason in result.skipped:
        print(f"  skipped: {case}: {reason}")
    sys.path.remove(str(folder))


PARTS = {"unit": unit, "style": style, "packaging": packaging, "model": model, "simulator": simulator, "fuzz": fuzz,
         "integration": integration, "browser": browser, "package": package, "image": image, "internet": internet, "faults": faults}
# What only computes, last in line for the processors while others wait; and what measures time, and has them to itself.
BESIDE, UNDISTURBED = {"model", "simulator", "fuzz"}, {"internet", "faults"}
LAST_IN_LINE = ["nice", "-n", "19"]


def carry_out(part, tally):
    begun = time.monotonic()
    print(f"== {part}", flush=True)
    PARTS[part](tally)
    print(f"== {part}: {time.monotonic() - begun:.0f} s", flush=True)


def main():
    chosen = sys.argv[1:] or list(PARTS)
    unknown = set(chosen) - set(PARTS)
    if unknown:
        print(f"dev: no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    tally = Tally()
    with concurrent.futures.ThreadPoolExecutor(1) as aside:
        beside = [aside.submit(carry_out, part, tally) for part in chosen if part in BESIDE]
        for part in chosen:
            if part in BESIDE:
                continue
            if part in UNDISTURBED:
                concurrent.futures.wait(beside)
            carry_out(part, tally)
        for part in beside:
            part.result()  # a thread's own exception would be no failure
    for where in sorted(set(tally.failed)):
        print(f"failed: {where}")
    print(f"{tally.passed} passed, {len(tally.failed)} failed", flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # a thread that a failed test left behind would keep this process for ever
