"""A small internet: the grid of three, Postfix and Exim elsewhere, hosts that behave badly, and a DNS that knows them all.

Each machine has a network namespace and an address of its own; mail goes over port 25 to where MX records say.
"""

import pathlib
import shutil
import socket
import subprocess
import time

from loopback_grid import wait_until
from machine_grid import MachineGrid
from mail_sink import MailSink
from packet_switch import Network
from remote_servers import EximServer, PostfixServer, run_dns

NODES = (1, 2, 3)
POSTFIX, EXIM, DNS = 10, 11, 20
BUSY, RESETTING, LOSING, REFUSING, MUTE, CLOSED = 31, 32, 33, 34, 35, 36  # addresses of the run's own machine
SILENT = 40  # no machine: packets get lost
HOSTS = {"postfix.test": POSTFIX, "exim.test": EXIM, "busy.test": BUSY, "resetting.test": RESETTING, "losing.test": LOSING,
         "refusing.test": REFUSING, "mute.test": MUTE, "closed.test": CLOSED, "silent.test": SILENT, "dead.test": SILENT}


class InternetGrid(MachineGrid):
    users_count = 4

    def _plan_node(self, number, base_port):
        return super()._plan_node(number, base_port) | {"smtp": 25}


def own_etc(folder):
    """The run sees a copy of /etc: our DNS in it, and the user whom Debian's Exim looks for at its start."""
    copy = folder / "etc"
    shutil.copytree("/etc", copy, symlinks=True, ignore_dangling_symlinks=True)
    (copy / "resolv.conf").unlink(missing_ok=True)
    (copy / "resolv.conf").write_text(f"nameserver {Network.address(DNS)}\n")
    with open(copy / "passwd", "a", encoding="ascii") as passwd:
        passwd.write("Debian-exim:x:64998:64998::/:/bin/false\n")
    with open(copy / "group", "a", encoding="ascii") as group:
        group.write("Debian-exim:x:64998:\n")
    subprocess.run(["mount", "--bind", copy, "/etc"], check=True)


def answers(host, port=25):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


class FirstTime:
    """Whether something was seen before."""

    def __init__(self):
        self.seen = set()

    def __call__(self, thing):
        first = thing not in self.seen
        self.seen.add(thing)
        return first


def busy():
    """4xx for each recipient's first attempt."""
    first = FirstTime()
    return lambda stage, argument: "451 4.2.1 come back later" if stage == "RCPT" and first(argument) else None


def resetting():
    """Breaks each message's first attempt in the middle of the content."""
    first = FirstTime()
    return lambda stage, argument: "drop" if stage == "content" and first(tuple(argument)) else None


def losing():
    """Takes each message; its reply gets lost the first time."""
    first = FirstTime()

    def answer(stage, argument):
        if stage != "end":
            return None
        subject = next(line for line in argument.splitlines() if line.startswith(b"Subject:"))
        return "lose" if first(subject) else None
    return answer


def refusing():
    return lambda stage, argument: "550 5.1.1 nobody of that name" if stage == "RCPT" else None


def mute():
    """Takes the connection and says nothing for long."""
    def answer(stage, _):
        if stage == "connect":
            time.sleep(900)
    return answer


class SmallInternet:
    def __init__(self, directory):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        # The folder may lie where only root can go; remote servers have users of their own.
        self.dir = pathlib.Path("/mnt")
        subprocess.run(["mount", "--bind", directory, self.dir], check=True)
        self.network = Network([*NODES, POSTFIX, EXIM, DNS], 1, [BUSY, RESETTING, LOSING, REFUSING, MUTE, CLOSED])
        self.grid = InternetGrid(self.dir / "grid", self.network)

    def start(self):
        own_etc(self.dir)
        run_dns(self.dir / "dns", self.network, DNS, self.zone())
        address = self.network.address
        self.postfix = PostfixServer(self.dir / "postfix", "postfix.test", address(POSTFIX))
        self.exim = EximServer(self.dir / "exim", "exim.test", address(EXIM))
        self.postfix.run(self.network, POSTFIX)
        self.exim.run(self.network, EXIM)
        self.sinks = {host: MailSink(behaviour(), port=25, host=address(host)) for host, behaviour in (
            (BUSY, busy), (RESETTING, resetting), (LOSING, losing), (REFUSING, refusing), (MUTE, mute))}
        self.grid.start(len(NODES))
        for host in (POSTFIX, EXIM):
            wait_until(f"port 25 of {address(host)}", lambda host=host: answers(address(host)), 20)

    def zone(self):
        address = self.network.address
        for node in NODES:
            yield f"node{node}.example.test. A {address(node)}"
            yield f"example.test. MX 10 node{node}.example.test."
        for domain, host in HOSTS.items():
            yield f"{domain}. MX 10 mx.{domain}."
            yield f"mx.{domain}. A {address(host)}"
        yield "null.test. MX 0 ."

    def close(self):
        self.grid.close()
