"""Makes this machine a node without asking, if somebody left answers for it. What was refused can be tried again: with other answers
after a restart, or on the console."""

import contextlib
import os
import pathlib
import subprocess
import sys

import answers
import data_disk
import machine_settings
import result
from data_disk import Refused

CONFIG = pathlib.Path("/run/gridmail-setup.toml")
KEPT_CONFIG = pathlib.Path("/etc/gridmail/gridmail.toml")
# There while a set-up runs, and after one that a power cut ended.
UNFINISHED = machine_settings.KEPT / "unfinished-setup"


def prepare(machine):
    """The data disk, and on it what the machine is told of itself."""
    machine_settings.check(machine, machine_settings.ethernet_interfaces())
    if not data_disk.is_mounted():
        devices = data_disk.devices()
        try:
            chosen = data_disk.choose(devices, machine.get("data_disk", ""))
        except Refused as error:
            raise Refused("\n".join([str(error), *(f"  {device}" for device in devices)])) from None
        data_disk.make(chosen.path)
    machine_settings.store(machine)
    machine_settings.put_into_force()
    if machine_settings.OF_NETWORK & set(machine):
        machine_settings.reload_network()


def why_not_started():
    """The node's own last word."""
    done = subprocess.run(["journalctl", "-u", "gridmail", "-b", "-o", "cat", "-n", "40", "--no-pager"], check=False,
                          stdout=subprocess.PIPE, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("gridmaild: ")]
    return lines[-1] if lines else ""


@contextlib.contextmanager
def unfinished():
    """Around a set-up: all that it wrote and removed is on the disk before the mark goes."""
    UNFINISHED.touch()
    os.sync()
    try:
        yield
    finally:
        os.sync()
        UNFINISHED.unlink(missing_ok=True)


def is_a_node():
    """A machine that has a configuration, but was in no grid when its power was cut, loses it, and can be set up again."""
    if not KEPT_CONFIG.exists():
        return False
    done = subprocess.run(["systemctl", "start", "gridmail"], check=False, stderr=subprocess.DEVNULL)
    if done.returncode != 0 and "in no grid yet" in why_not_started():
        KEPT_CONFIG.unlink()
        subprocess.run(["systemctl", "reset-failed", "gridmail"], check=False)
        return False
    UNFINISHED.unlink(missing_ok=True)
    return True


def set_up_node(found):
    words = ["--join", found.token]
    if found.config is not None:
        CONFIG.touch(mode=0o600)
        CONFIG.write_text(found.config)
        words = ["--config", CONFIG]
    with unfinished():
        done = subprocess.run(["gridmail", "setup", *words], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
    CONFIG.unlink(missing_ok=True)
    if done.returncode != 0:
        raise Refused("\n".join(line for line in (done.stdout.strip(), why_not_started()) if line))
    return done.stdout


def main():
    try:
        found = None if is_a_node() else answers.find()
        if found:
            prepare(found.machine)
            result.tell(set_up_node(found))
    except (Refused, OSError, subprocess.CalledProcessError) as error:
        result.tell(f"This machine was not set up: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
