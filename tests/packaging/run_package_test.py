#!/usr/bin/env python3
"""./dev package-test [--previous FILE.deb]: piuparts, then the package on three machines with systemd, from installation to purge.

Needs root, and builds its Debian once (build/package-test/base). Without an earlier package to upgrade from, the present one
stands for it; one of the same version is given a lower one. Last line: "N passed, N failed".
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import life_of_a_package
from machine import GridError, Machine, call, make_network

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build/package-test"
BASE = WORK / "base"
NAMESPACES = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
PACKAGES = "systemd,systemd-sysv,ca-certificates,debconf,apt-utils"
LOWER = "0~previous"


def newest_package():
    found = sorted((ROOT / "build/package").glob("gridmail_*.deb"), key=os.path.getmtime)
    if not found:
        sys.exit("there is no package yet: ./dev package")
    return found[-1]


def under_version(package, version):
    """The same package under another version."""
    tree = WORK / "repacked"
    shutil.rmtree(tree, ignore_errors=True)
    call("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN/control"
    control.write_text("".join(f"Version: {version}\n" if line.startswith("Version:") else line
                               for line in control.read_text().splitlines(keepends=True)))
    call("dpkg-deb", "-Zgzip", "--root-owner-group", "--build", tree, WORK / "previous.deb", stdout=subprocess.DEVNULL)
    return WORK / "previous.deb"


def version_of(package):
    return subprocess.run(["dpkg-deb", "--field", package, "Version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def prepare_base(package):
    """A Debian whose package cache holds what ours depends on: the machines have no network."""
    if not (BASE / "etc/debian_version").exists():
        targets = subprocess.run(["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)",
                                  "Created-By: Packages"], check=True, stdout=subprocess.PIPE, text=True).stdout
        mirror = next(line.split()[2] for line in targets.splitlines() if line.startswith("bookworm main "))
        shutil.rmtree(BASE, ignore_errors=True)
        WORK.mkdir(parents=True, exist_ok=True)
        call("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", BASE, mirror,
             stdout=subprocess.DEVNULL)
        shutil.copy("/etc/resolv.conf", BASE / "etc/resolv.conf")
        call("chroot", BASE, "apt-get", "-qq", "update")
    shutil.copy(package, BASE / "gridmail.deb")
    call("chroot", BASE, "apt-get", "-qq", "-y", "--no-install-recommends", "--download-only", "install", "/gridmail.deb",
         stdout=subprocess.DEVNULL)
    (BASE / "gridmail.deb").unlink()


def run_piuparts(package):
    """Whether installing and purging leave the system as it was."""
    log = WORK / "piuparts.log"
    done = subprocess.run(["piuparts", "--existing-chroot", BASE, "--keep-sources-list", "--no-eatmydata", "--tmpdir", WORK,
                           # left by apt-utils, which this Debian has
                           "--ignore-regex", "/var/cache/debconf/tmp.ci.*", package], check=False, stdout=log.open("w"), stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(f"piuparts: {log}\n" + log.read_text().partition(" ERROR: ")[2][:2000])


def inside(arguments):
    folder = pathlib.Path("/run/gridmail-machines")
    folder.mkdir(exist_ok=True)
    call("mount", "-t", "tmpfs", "tmpfs", folder)
    (folder / "cgroup").mkdir()
    call("mount", "-t", "cgroup2", "cgroup2", folder / "cgroup")
    make_network()
    machines = [Machine(number, BASE, folder) for number in (1, 2, 3)]
    try:
        for machine in machines:
            machine.boot()
        life = life_of_a_package.Life(machines, arguments.previous, arguments.package)
        return life.live()
    except GridError as error:
        print(f"could not begin: {error}")
        return 1
    finally:
        for machine in machines:
            if machine.init:
                with contextlib.suppress(OSError, subprocess.SubprocessError):
                    log = machine.run("journalctl", "--no-pager", "-o", "short-monotonic", check=False).stdout
                    (WORK / f"{machine.name}.log").write_text(log)


def main():
    parser = argparse.ArgumentParser(prog="./dev package-test")
    parser.add_argument("--previous", type=pathlib.Path, help="a package of an earlier build to upgrade from")
    parser.add_argument("--package", type=pathlib.Path, help="instead of the newest in build/package")
    arguments = parser.parse_args()
    arguments.package = arguments.package or newest_package()
    if os.environ.get("GRIDMAIL_PACKAGE_TEST_INSIDE"):
        return inside(arguments)
    if os.geteuid() != 0:
        sys.exit("machines in namespaces need root")
    prepare_base(arguments.package)
    run_piuparts(arguments.package)
    arguments.previous = arguments.previous or arguments.package
    if version_of(arguments.previous) == version_of(arguments.package):
        arguments.previous = under_version(arguments.previous, LOWER)
    command = [*NAMESPACES, sys.executable, __file__, "--package", arguments.package, "--previous", arguments.previous]
    run = subprocess.Popen(command, env=os.environ | {"GRIDMAIL_PACKAGE_TEST_INSIDE": "1"}, start_new_session=True)
    # `unshare` waits for its child and hears no SIGTERM; killed, it takes all machines with it.
    signal.signal(signal.SIGTERM, lambda *_: run.kill())
    try:
        return run.wait()
    except KeyboardInterrupt:
        run.kill()
        return run.wait()


if __name__ == "__main__":
    sys.exit(main())
