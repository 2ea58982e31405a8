"""Two real keepalived with packaging's configuration hold one address over a grid of three machines on a bridge: it moves away
from a node that is drained, that dies, and whose cable is pulled."""

import os
import pathlib
import re
import signal
import smtplib
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from bridge import SHARED, Bridge  # noqa: E402
from machine_grid import MachineGrid  # noqa: E402
from namespaces import SKIPPED, are_entered, enter_namespaces  # noqa: E402
from loopback_grid import wait_until  # noqa: E402

SMTP = 20000
RUN_SECONDS_MAX = 600
# Two failed checks two seconds apart, the longest check, and a second of VRRP: eight. Twice that on a busy machine.
MOVED_WITHIN = 16
CONNECT_SECONDS = 1


class SharedAddressGrid(MachineGrid):
    """Its nodes listen on whatever address their machine has."""

    def _write_config(self, node, smart_host):
        super()._write_config(node, smart_host)
        file = pathlib.Path(node["dir"]) / "gridmail.toml"
        peers, listeners = file.read_text().split("[listen]", 1)
        listeners, rest = listeners.split("[login]", 1)
        file.write_text(peers + "[listen]" + listeners.replace(node["host"], "0.0.0.0") + "[login]" + rest)


def check_of_nodes():
    """The check that packaging's configuration names for nodes that have the address themselves, at the tests' port."""
    text = (ROOT / "packaging/balancers/keepalived.conf").read_text()
    found = re.search(r'"(/usr/bin/curl [^"]*/readyz)"', text.replace("\n# ", " "))
    assert found, "keepalived.conf names no check for nodes"
    assert ":7443/" in found[1]
    return found[1].replace(":7443/", ":20009/")


class Keepalived:
    """On one machine; `other` is its peer."""

    def __init__(self, network, machine, other, folder):
        text = (ROOT / "packaging/balancers/keepalived.conf").read_text()
        text, count = re.subn(r'script "[^"]*"', lambda _: f'script "{check_of_nodes()}"', text)
        assert count == 1
        if machine > other:  # as the file says of the second one
            text = text.replace("priority 150", "priority 100")
        for old, new in (("192.0.2.2\n", network.address(machine) + "\n"), ("192.0.2.3\n", network.address(other) + "\n"),
                         ("192.0.2.1/24", f"{SHARED}/24")):
            assert old in text, old
            text = text.replace(old, new)
        file = folder / f"keepalived{machine}.conf"
        file.write_text(text)
        file.chmod(0o644)
        pids = []
        for what in ("pid", "vrrp_pid", "checkers_pid"):
            (folder / f"{what}{machine}").unlink(missing_ok=True)  # of a run before: killed, it left them
            pids.append(f"--{what}={folder}/{what}{machine}")
        self.log = folder / f"keepalived{machine}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*network.entering(machine), "keepalived", "--dont-fork", "--log-console", "--vrrp", f"--use-file={file}", *pids],
                stdout=log, stderr=log, start_new_session=True)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Run:
    def __init__(self, folder):
        self.network = Bridge([1, 2, 3])
        self.grid = SharedAddressGrid(folder / "grid", self.network)
        self.folder = folder

    def start(self):
        self.grid.start(3)
        self.keepalived = {number: Keepalived(self.network, number, 3 - number, self.folder) for number in (1, 2)}

    def holder(self):
        """Which node a client of the shared address is greeted by; nothing when by none."""
        try:
            with smtplib.SMTP(timeout=CONNECT_SECONDS) as smtp:
                banner = smtp.connect(SHARED, SMTP)[1].decode()
                return re.match(r"(node\d)\.", banner)[1]
        except (OSError, smtplib.SMTPException):
            return None

    def moves_to(self, name, why):
        begun = time.monotonic()
        wait_until(f"the address at {name}, {why}", lambda: self.holder() == name, MOVED_WITHIN, 0.1)
        print(f"{why}: at {name} after {time.monotonic() - begun:.1f} s", flush=True)

    def send(self, subject):
        """A message to the shared address is taken, and is in the mailbox."""
        user = self.grid.users[0]["address"]
        with smtplib.SMTP(SHARED, SMTP, timeout=30) as smtp:
            smtp.sendmail("sender@elsewhere.test", user, f"Subject: {subject}\r\n\r\nx\r\n".encode())

    def stays_at(self, name, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.holder() == name, f"the address left {name}"
            time.sleep(0.2)

    def carry_out(self):
        self.start()
        self.moves_to("node1", "begun")
        self.send("at first")
        api = self.grid.api(self.grid.node("node3"))
        api.post("/nodes/node1/drain")
        self.moves_to("node2", "node1 is drained")
        self.send("drained")
        api.post("/nodes/node1/undrain")
        self.grid._wait_for_probe(self.grid.node("node1"), "/readyz", 30)
        self.stays_at("node2", 10)  # two good checks, and more: it does not go back by itself
        self.grid.kill("node2")
        self.moves_to("node1", "node2 was killed")
        self.send("killed")
        self.grid.start_node("node2")
        self.grid.wait_until_whole(120)
        self.network.unplug(1)
        self.moves_to("node2", "the cable of node1 was pulled")
        self.send("unplugged")

    def close(self):
        for each in getattr(self, "keepalived", {}).values():
            each.kill()
        self.grid.close()


def main(folder):
    if not are_entered():
        return enter_namespaces()
    run = Run(pathlib.Path(folder))
    try:
        run.carry_out()
    except BaseException:
        for log in sorted(run.folder.glob("*.log")):
            print(f"{log.name}:\n{log.read_text(errors='replace')[-3000:]}")
        raise
    finally:
        run.close()
    return 0


class SharedAddress(unittest.TestCase):
    def test_it_moves_to_a_node_that_serves(self):
        folder = ROOT / "build/failover"
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([sys.executable, __file__, folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=RUN_SECONDS_MAX, check=False)
        if done.returncode == SKIPPED:
            self.skipTest(done.stdout.strip())
        self.assertEqual(0, done.returncode, done.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
