#!/usr/bin/env python3
"""Runs the Spin models: every state within their budgets is sound, and every broken rule is found.

    python3 tests/model/run_model.py [--keep DIR]        the last line is "N passed, N failed"

A found violation leaves DIR/NAME/*.trail; `spin -t -p -g FLAGS MODEL.pml` there tells its story.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time

FOLDER = pathlib.Path(__file__).resolve().parent
SECONDS_MAX = 3600  # of one search: far more than it takes on a machine that does nothing else
MEMORY_MIB_MAX = 4096

SOUND = [
    ("register", ["-DBALLOTS=4"]),
    ("register", ["-DBALLOTS=4", "-DRIVALS"]),
    ("slot", ["-DEPOCHS=3", "-DCRASHES=2"]),
    ("slot", ["-DEPOCHS=4", "-DCRASHES=1"]),
]
BROKEN = {
    "slot": ["NO_FENCE", "PRIMARY_FIRST", "NO_JOINING_ACK", "NO_LEASE_WAIT", "RESUME", "FORGET_LEASE", "LEND_UNBOUND",
             "NO_READ_LEASE",
             "EARLY_WHOLE", "NO_TAKE_BACK"],
    "register": ["FORGET_PROMISE", "NEW_VOTERS_ONLY", "IGNORE_FOUND"],
}
# Broken rules show within fewer steps.
BROKEN_BUDGET = {"slot": ["-DEPOCHS=3"], "register": []}


class CheckFailed(Exception):
    pass


def run(command, folder, seconds=SECONDS_MAX):
    try:
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise CheckFailed(f"{command[0]}: more than {seconds} s") from None
    if done.returncode != 0:
        raise CheckFailed(f"{' '.join(command)}:\n{done.stdout[-2000:]}")
    return done.stdout


def verify(model, flags, folder):
    """The number of errors found (the search ends at the first) and what the verifier says of itself."""
    folder.mkdir(parents=True)
    (folder / f"{model}.pml").write_text((FOLDER / f"{model}.pml").read_text())
    translated = run(["spin", "-a", *flags, f"{model}.pml"], folder)
    if "Error" in translated:
        raise CheckFailed(translated)
    # Partial order reduction finds nothing to reduce, as all state is shared; COLLAPSE saves memory.
    run(["cc", "-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-DNOREDUCE", f"-DMEMLIM={MEMORY_MIB_MAX}", "-o", "pan", "pan.c"],
        folder)
    told = run(["./pan", "-m200000"], folder)
    if re.search(r"max search depth too small|out of memory|Search not completed", told) and "errors: 0" in told:
        raise CheckFailed(f"not exhaustive:\n{told[-2000:]}")
    return int(re.search(r"errors: (\d+)", told)[1]), told


def never_reached(told):
    """Lines of the model that no walk came to; the processes' ends are meant to be there."""
    return [line.strip() for line in told.splitlines()
            if re.match(r"\s+\S+\.pml:\d+, state", line) and '"-end-"' not in line]


def check(name, model, flags, broken, folder):
    begun = time.monotonic()
    try:
        errors, told = verify(model, flags, folder / name.replace(" ", "-"))
    except CheckFailed as failure:
        print(f"{name}: failed: {failure}", flush=True)
        return False
    states = re.search(r"(\d+) states, stored", told)[1]
    violated = re.search(r"pan:\d+: (.*) \(at depth", told)
    good = errors > 0 if broken else errors == 0 and not never_reached(told)
    verdict = (f"found: {violated[1][:100]}" if violated else "NOT FOUND") if broken else \
        ("sound" if good else f"VIOLATED: {violated[1]}" if violated else f"never reached: {never_reached(told)}")
    print(f"{name}: {states} states, {time.monotonic() - begun:.1f} s: {verdict}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=pathlib.Path, help="where the verifiers and trails stay; must not exist")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gridmail-model-") as scratch:
        folder = options.keep or pathlib.Path(scratch)
        results = [check(f"{model} {rule}", model, [*BROKEN_BUDGET[model], f"-D{rule}"], True, folder)
                   for model, rules in BROKEN.items() for rule in rules]
        results += [check(" ".join([model, *flags]), model, flags, False, folder) for model, flags in SOUND]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed", flush=True)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
