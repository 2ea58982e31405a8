"""The network between the machines of a run: one process that carries every IP packet, and loses what it is told to.

Each machine has a TUN device in a network namespace of its own; the other ends are here. The kernel's netem would do the
same where it is built in; this works on every kernel, decides about each direction of each pair, and draws from one seed.
"""

import fcntl
import heapq
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MTU = 8000  # fewer packets, less processor
PACKETS_AT_ONCE = 64
DELAYED_MAX = 20_000
NETWORK = "10.77.0"


def open_device(name):
    """A TUN device in the present network namespace; it goes with its descriptor."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


class Link:
    """What happens to packets from one machine to another."""

    def __init__(self, loss=0.0, delay=0.0, jitter=0.0):
        self.loss, self.delay, self.jitter = loss, delay, jitter


class Switch:
    """Runs in a process of its own: `serve` ends when the control socket is closed."""

    def __init__(self, devices, aliases, seed):
        self.devices = devices  # host number -> descriptor
        self.aliases = aliases  # host number -> that of the same machine with a device
        self.links = {}         # (from, to) -> Link; others carry everything
        self.random = random.Random(seed)
        self.delayed = []
        self.order = 0

    def serve(self, control):
        poll = select.epoll()
        by_descriptor = {device: host for host, device in self.devices.items()}
        for device in by_descriptor:
            poll.register(device, select.EPOLLIN)
        poll.register(control, select.EPOLLIN)
        while True:
            wait = max(0.0, self.delayed[0][0] - time.monotonic()) if self.delayed else -1
            for descriptor, _ in poll.poll(wait):
                if descriptor == control.fileno():
                    if not self.obey(control):
                        return
                else:
                    self.carry(descriptor, by_descriptor[descriptor])
            self.carry_delayed()

    def obey(self, control):
        command = control.recv(65536)
        if not command:
            return False
        self.links = {(source, target): Link(*link) for source, target, *link in json.loads(command)}
        control.send(b"done")
        return True

    def carry(self, descriptor, source):
        for _ in range(PACKETS_AT_ONCE):
            try:
                packet = os.read(descriptor, MTU + 64)
            except OSError:
                return
            if len(packet) < 20 or packet[0] >> 4 != 4 or packet[16:19] != bytes(map(int, NETWORK.split("."))):
                continue
            target = self.aliases.get(packet[19], packet[19])
            link = self.links.get((source, target))
            if link is None:
                self.deliver(target, packet)
            elif self.random.random() >= link.loss:
                self.carry_later(target, packet, link)

    def carry_later(self, target, packet, link):
        if link.delay == 0:
            self.deliver(target, packet)
        elif len(self.delayed) < DELAYED_MAX:
            self.order += 1
            due = time.monotonic() + link.delay + self.random.random() * link.jitter
            heapq.heappush(self.delayed, (due, self.order, target, packet))

    def carry_delayed(self):
        now = time.monotonic()
        while self.delayed and self.delayed[0][0] <= now:
            _, _, target, packet = heapq.heappop(self.delayed)
            self.deliver(target, packet)

    def deliver(self, target, packet):
        device = self.devices.get(target)
        if device is not None:
            try:
                os.write(device, packet)
            except OSError:
                pass  # the machine's queue is full, or the device is down: lost, as on a wire


class Network:
    """The machines and the switch between them, as the run sees them. Machine 100 is the run itself, with the clients."""

    CLIENTS = 100

    def __init__(self, machines, seed, clients_too=()):
        """`clients_too`: more host numbers that are addresses of machine 100."""
        self.holders = {}
        self.links = {}
        devices = {}
        for host in [*machines, self.CLIENTS]:
            devices[host] = open_device(f"m{host}")
            if host == self.CLIENTS:
                self._configure([], host, clients_too)
                continue
            # A process that does nothing keeps the machine's namespace while its node is down.
            holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"],
                                      stdout=subprocess.PIPE)
            holder.stdout.readline()
            self.holders[host] = holder
            subprocess.run(["ip", "link", "set", f"m{host}", "netns", str(holder.pid)], check=True)
            self._configure(self.entering(host), host)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        child = os.fork()
        if child == 0:
            self.control.close()
            try:
                Switch(devices, dict.fromkeys(clients_too, self.CLIENTS), seed).serve(theirs)
            finally:
                os._exit(0)
        self.process = child
        theirs.close()
        for device in devices.values():
            os.close(device)

    @staticmethod
    def address(host):
        return f"{NETWORK}.{host}"

    def entering(self, host):
        """What to put in front of a command that is to run on that machine; the process stays the same."""
        return ["nsenter", f"--net=/proc/{self.holders[host].pid}/ns/net"]

    def _configure(self, entering, host, others=()):
        for command in (*(["address", "add", f"{self.address(each)}/24", "dev", f"m{host}"] for each in (host, *others)),
                        ["link", "set", f"m{host}", "mtu", str(MTU), "up"], ["link", "set", "lo", "up"]):
            subprocess.run([*entering, "ip", *command], check=True)

    def set_links(self, links):
        """{(from, to): Link}: replaces what was set. Returns when packets go by it."""
        self.control.send(json.dumps([[source, target, link.loss, link.delay, link.jitter]
                                      for (source, target), link in links.items()]).encode())
        if self.control.recv(16) != b"done":
            sys.exit("the packet switch is gone")

    def close(self):
        self.control.close()
        os.waitpid(self.process, 0)
        for holder in self.holders.values():
            holder.kill()
            holder.wait()
