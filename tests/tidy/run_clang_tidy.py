#!/usr/bin/env python3
"""clang-tidy over the sources, in parallel and within a budget.

With --changed the files that differ from origin/main (or the last commit) come first; files that the budget leaves out
are named by number, never silently counted as clean.
"""

import argparse
import concurrent.futures
import os
import subprocess
import sys
import time

from source_tree import ROOT, sources


def changed_first(paths):
    for base in ("origin/main", "HEAD~1"):
        diff = subprocess.run(["git", "diff", "--name-only", base], cwd=ROOT, capture_output=True, text=True)
        if diff.returncode == 0:
            changed = set(diff.stdout.split())
            return sorted(paths, key=lambda path: (path not in changed, path))
    return paths


def examine(path, deadline):
    if time.monotonic() > deadline:
        return path, None, ""
    run = subprocess.run(["clang-tidy", "--quiet", "-p", "build/tidy", path], cwd=ROOT, capture_output=True, text=True)
    return path, run.returncode == 0, run.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*")
    parser.add_argument("--changed", action="store_true", help="files of this change first")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no file after this long")
    arguments = parser.parse_args()
    paths = arguments.files or [str(path) for path in sources(".cpp") if not str(path).startswith("tests/")]
    if arguments.changed:
        paths = changed_first(paths)
    deadline = time.monotonic() + arguments.seconds
    failed, left_out = [], 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, clean, output in pool.map(lambda path: examine(path, deadline), paths):
            if clean is None:
                left_out += 1
            elif not clean:
                failed.append(path)
                print(output)
    print(f"clang-tidy: {len(paths) - left_out} files examined, {len(failed)} with findings, {left_out} left out")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
