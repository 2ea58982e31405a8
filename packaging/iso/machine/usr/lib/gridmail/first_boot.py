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


def take_late_disk():
    """A data disk that showed up after the machine had looked for one."""
    if data_disk.is_mounted():
        return
    data_disk.adopt(waits=False)
    if KEPT_CONFIG.exists():
        machine_settings.put_into_force()
        machine_settings.reload_network()


def is_a_node():
    """A machine that has a configuration, but was in no grid when its power was cut, loses it, and can be set up again."""
    if not KEPT_CONFIG.exists():
        return False
    done = subprocess.run(["systemctl", "start", "gridmail"], check=False, stderr=subprocess.DEVNULL)
    if done.returncode != 0 and "in no grid yet" in result.why_not_started():
        KEPT_CONFIG.unlink()
        subprocess.run(["systemctl", "reset-failed", "gridmail"], check=False)
        return False
    UNFINISHED.unlink(missing_ok=True)
    return True


def set_up_node(found):
    words, typed = ["--join-file", "-"], f"{found.token}\n"
    if found.config is None:
        machine_settings.wait_for_address()  # it is what the node tells the others
    else:
        CONFIG.touch(mode=0o600)
        CONFIG.write_text(found.config)
        words, typed = ["--config", CONFIG], ""
    with unfinished():
        done = subprocess.run(["gridmail", "setup", *words], check=False, input=typed, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
    CONFIG.unlink(missing_ok=True)
    if done.returncode != 0:
        raise Refused("\n".join(line for line in (done.stdout.strip(), result.why_not_started()) if line))
    return done.stdout


def main():
    try:
        take_late_disk()
        found = None if is_a_node() else answers.find()
        if found:
            prepare(found.machine)
            result.tell(set_up_node(found))
    except Exception as error:  # of any kind: nothing else says it
        result.tell(f"This machine was not set up: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
