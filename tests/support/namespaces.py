"""A run in a process, mount and network namespace of its own: when it ends, however it does, the kernel ends its processes and
takes back its mounts, devices and namespaces."""

import ctypes
import os
import signal
import subprocess
import sys

SKIPPED = 77  # the exit status where namespaces are not permitted
PR_SET_PDEATHSIG = 1
MARK = "GRIDMAIL_IN_NAMESPACES"
NAMESPACES = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]


def are_entered():
    return MARK in os.environ


def enter_namespaces():
    """Starts this program again where it can do no harm; gives its exit status."""
    probe = subprocess.run([*NAMESPACES, "sh", "-c", "test -c /dev/net/tun && ip link set lo up"], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, check=False)
    if probe.returncode != 0:
        reason = probe.stdout.strip() or "no /dev/net/tun"
        print(f"skipped: network namespaces are not permitted here ({reason})")
        return SKIPPED
    inside = subprocess.Popen([*NAMESPACES, sys.executable, *sys.argv], env=os.environ | {MARK: "1"},
                              preexec_fn=die_with_parent)
    # `unshare` waits for its child and hears no SIGTERM; killed, it takes all with it.
    signal.signal(signal.SIGTERM, lambda *_: inside.kill())
    try:
        return inside.wait()
    except KeyboardInterrupt:
        inside.kill()
        return inside.wait()


def die_with_parent():
    """Also when this program is killed with -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
