"""What the console shows: the state of the node as text. `look` asks the machine, `lines_of` only writes."""

import collections
import json
import os
import pathlib
import socket
import subprocess
import time
import tomllib

import data_disk
import result
from data_disk import Refused

CONFIG = pathlib.Path("/etc/gridmail/gridmail.toml")
KEYS_OF_A_NODE = "d drain  r restart  n network  l log  f forget  h shell  b reboot  p power off"
KEYS_BEFORE = "s set up   n network   l log   h shell   b reboot   p power off"
KEYS_MEANWHILE = "n network   l log   h shell   b reboot   p power off"

# node: what systemd says of the service, "not set up", or "being set up"; dashboard, disk: lines; problems: lines; told: what first boot
# said; disks: lines, only before there is a node.
State = collections.namedtuple("State", "version hostname clock node addresses dashboard disk problems told disks")


def tried(problems, ask, instead):
    """What `ask` answers. If it fails, that is one more of the problems: the screen stays, and the keys with it."""
    try:
        return ask()
    except Exception as error:  # of any kind: without a console nobody gets in to mend it
        problems.append(" ".join(str(error).split()) or type(error).__name__)
        return instead


def output_of(*command):
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace")
    return done.stdout.strip()


def addresses():
    rows = json.loads(output_of("ip", "-json", "address", "show", "scope", "global") or "[]")
    return [info["local"] for row in rows for info in row.get("addr_info", []) if "local" in info]


def ask_node(listener, path):
    """The body of an answer over plain HTTP, or nothing. No more than a socket: this runs every few seconds."""
    host, _, port = listener.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=3) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    except (OSError, ValueError):
        return ""
    return answer.partition(b"\r\n\r\n")[2].decode(errors="replace")


def problems_of_node(ready, metrics):
    """What /readyz?verbose and /metrics say that an admin should know."""
    found = [line.removeprefix("[-] ") for line in ready.splitlines() if line.startswith("[-] ")]
    figures = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if line and not line.startswith("#"))
    for name, words in (("gridmail_slots_below_copies", "slots have fewer copies than they should"),
                        ("gridmail_scrub_lost_slots", "slots have lost records on this disk")):
        if float(figures.get(name, 0)) > 0:
            found.append(f"{float(figures[name]):.0f} {words}")
    if not ready:
        found.append("the node does not answer")
    return found


def disk_line():
    if not data_disk.is_mounted():
        return "none: nothing would outlive a restart"
    stat = os.statvfs(data_disk.MOUNT)
    return f"{stat.f_bavail * stat.f_frsize / (1 << 30):.1f} GiB of {stat.f_blocks * stat.f_frsize / (1 << 30):.1f} GiB free"


def is_node():
    """Yes where the disk does not tell: nothing is set up over a node."""
    try:
        return CONFIG.exists()
    except OSError:
        return True


def is_being_set_up():
    return output_of("systemctl", "is-active", "gridmail-first-boot") == "activating"


def listeners():
    """What [listen] says. Raises Refused."""
    try:
        listen = tomllib.loads(CONFIG.read_text()).get("listen", {})
    except ValueError as error:  # no TOML, or no text
        raise Refused(f"{CONFIG}: {error}") from None
    if not isinstance(listen, dict) or not all(isinstance(address, str) for address in listen.values()):
        raise Refused(f"{CONFIG}: listen is not a table of addresses")
    return listen


def failed_units():
    lines = output_of("systemctl", "--failed", "--plain", "--no-legend").splitlines()
    return [f"{line.split()[0]} has failed" for line in lines]


def problems_of_service(node, listen):
    if node != "active":  # also while it is started again and again
        return [result.why_not_started()]
    if "http" not in listen:
        return [f"{CONFIG}: without http in [listen] the node cannot be asked how it is"]
    return problems_of_node(ask_node(listen["http"], "/readyz?verbose"), ask_node(listen["http"], "/metrics"))


def look(version):
    problems, dashboard, disks = [], "", []
    seen, disk, told = tried(problems, addresses, []), tried(problems, disk_line, "not known"), tried(problems, result.told, "")
    if is_node():
        node = tried(problems, lambda: output_of("systemctl", "is-active", "gridmail"), "not known")
        listen = tried(problems, listeners, {})
        problems += tried(problems, lambda: problems_of_service(node, listen), [])
        if seen and "https" in listen:
            dashboard = dashboard_at(seen[0], listen["https"])
    else:
        node = "being set up" if tried(problems, is_being_set_up, False) else "not set up"
        if not data_disk.is_mounted():
            disks = [str(device) for device in tried(problems, data_disk.devices, [])]
    problems += tried(problems, failed_units, [])
    clock = time.strftime("%H:%M:%S UTC", time.gmtime())
    return State(version, socket.gethostname(), clock, node, seen, dashboard, disk, problems, told, disks)


def dashboard_at(address, listener):
    host = f"[{address}]" if ":" in address else address
    return f"https://{host}:{listener.rpartition(':')[2]}/"


def lines_of(state):
    lines = [f"gridmail {state.version}   {state.hostname}   {state.clock}", "",
             f"node        {state.node}",
             f"addresses   {', '.join(state.addresses) or 'none yet'}"]
    if state.dashboard:
        lines.append(f"dashboard   {state.dashboard}")
    lines.append(f"data disk   {state.disk}")
    lines += [f"  {disk}" for disk in state.disks]
    lines.append("")
    lines += [f"wrong: {problem}" for problem in state.problems if problem]
    if not any(state.problems) and state.node == "active":
        lines.append("Nothing is wrong.")
    if state.told:
        lines += ["", *state.told.splitlines()]
    keys = {"not set up": KEYS_BEFORE, "being set up": KEYS_MEANWHILE}
    return [*lines, "", keys.get(state.node, KEYS_OF_A_NODE)]
