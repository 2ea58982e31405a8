#!/usr/bin/env python3
"""clang-tidy over the product's sources, or over the files named, one process per core.

The quick way, which .ci/run takes, examines neighbouring sources together, so that the headers they share are read
once, and leaves out the static analyzer, which looks into no file but the main one. Sources that cannot stand
together (two have a name in their own namespaces) are examined in smaller groups.
"""

import argparse
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys

from source_tree import ROOT, sources

BUILD = ROOT / "build/tidy"
GROUP_FILES_MAX = 12
QUICK_CHECKS = "-clang-analyzer-*,-bugprone-suspicious-include"


def compiler_options():
    """The options of all libraries together: they differ in include folders and definitions only."""
    with open(BUILD / "compile_commands.json", encoding="utf-8") as file:
        entries = json.load(file)
    options = {}
    for entry in entries:
        words = shlex.split(entry["command"].split(" -o ")[0])[1:]
        words = " ".join(words).replace("-isystem ", "-isystem").split()
        options.update(dict.fromkeys(words))
    return list(options)


def groups(paths):
    """Neighbours in the tree, in lists of at most GROUP_FILES_MAX."""
    count = -(-len(paths) // GROUP_FILES_MAX)
    return [paths[len(paths) * part // count:len(paths) * (part + 1) // count] for part in range(count)]


def tidy(arguments):
    run = subprocess.run(["clang-tidy", "--quiet", *arguments], cwd=ROOT, capture_output=True, text=True)
    return run.returncode == 0, run.stdout


def examine_alone(path, checks=""):
    return tidy(["-p", str(BUILD), f"--checks={checks}", path])


def examine_group(name, members, options):
    """Whether all are clean, and what clang-tidy said. Sources that do not compile together are halved."""
    if len(members) == 1:
        return examine_alone(members[0], QUICK_CHECKS)
    together = BUILD / "groups" / f"{name}.cpp"
    together.parent.mkdir(exist_ok=True)
    together.write_text("".join(f'#include "{path}"\n' for path in members), encoding="utf-8")
    clean, output = tidy([f"--checks={QUICK_CHECKS}", f"--header-filter={ROOT}/(node|gossip|storage|protocols|tests)/",
                          str(together), "--", *options])
    if "clang-diagnostic-error" not in output:
        return clean, output
    middle = len(members) // 2
    halves = [examine_group(name + "a", members[:middle], options), examine_group(name + "b", members[middle:], options)]
    return all(clean for clean, _ in halves), "".join(output for _, output in halves)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*")
    parser.add_argument("--quick", action="store_true", help="sources together, without the static analyzer")
    arguments = parser.parse_args()
    paths = arguments.files or [str(path) for path in sources(".cpp") if path.parts[0] not in ("tests", "cmake")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        if arguments.quick:
            options = compiler_options()
            jobs = [pool.submit(examine_group, f"group{index}", members, options)
                    for index, members in enumerate(groups(paths))]
        else:
            jobs = [pool.submit(examine_alone, path) for path in paths]
        failed = 0
        for job in concurrent.futures.as_completed(jobs):
            clean, output = job.result()
            if not clean:
                failed += 1
                print(output, flush=True)
    print(f"clang-tidy: {len(paths)} files in {len(jobs)} runs, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
