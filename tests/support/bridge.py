"""Machines on one bridge: each a network namespace with an Ethernet of its own, so that addresses move between them as on a
real segment, by ARP. The run itself, in namespaces of its own (namespaces.py), is one more host on it."""

import subprocess

NETWORK = "10.88.0"
CLIENT = f"{NETWORK}.100"
SHARED = f"{NETWORK}.1"  # nobody's at first
BRIDGE = "br0"


class Bridge:
    """As packet_switch.Network, for MachineGrid."""

    def __init__(self, machines):
        self.holders = {}
        self._ip("link", "add", BRIDGE, "type", "bridge")
        self._ip("address", "add", f"{CLIENT}/24", "dev", BRIDGE)
        self._ip("link", "set", BRIDGE, "up")
        self._ip("link", "set", "lo", "up")
        for host in machines:
            # A process that does nothing keeps the machine's namespace while its node is down.
            holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE)
            holder.stdout.readline()
            self.holders[host] = holder
            self._ip("link", "add", f"m{host}", "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
            self._ip("link", "set", f"m{host}", "master", BRIDGE, "up")
            inside = self.entering(host)
            self._ip("address", "add", f"{self.address(host)}/24", "dev", "eth0", entering=inside)
            self._ip("link", "set", "eth0", "up", entering=inside)
            self._ip("link", "set", "lo", "up", entering=inside)

    @staticmethod
    def _ip(*words, entering=()):
        subprocess.run([*entering, "ip", *words], check=True)

    @staticmethod
    def address(host):
        return f"{NETWORK}.{10 + host}"

    def entering(self, host):
        """What to put in front of a command that is to run on that machine; the process stays the same."""
        return ["nsenter", f"--net=/proc/{self.holders[host].pid}/ns/net"]

    def unplug(self, host):
        """The machine is cut off, as by a pulled cable."""
        self._ip("link", "set", f"m{host}", "down")

    def close(self):
        for holder in self.holders.values():
            holder.kill()
            holder.wait()
