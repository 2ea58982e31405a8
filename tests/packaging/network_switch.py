"""A network that machines in QEMU share: a switch that knows who is behind which of its ports. QEMU's own hub would not do: it shows every
frame to the user network as well, which answers for machines that are not its own.

Each port is a TCP port of this machine, to which a "socket" network of QEMU connects; a frame comes with its length in front, 4 bytes.
A port whose machine does not take its frames loses them, and holds nobody up. Power cuts close a port, a start opens it again.
"""

import contextlib
import queue
import socket
import struct
import threading

FRAMES_WAITING = 1000


class Port:
    """Owned by the Switch; a thread writes what waits, another one reads."""

    def __init__(self, switch, number):
        self.switch = switch
        self.waiting = queue.Queue(FRAMES_WAITING)
        self.connection = None
        self.listener = socket.create_server(("127.0.0.1", number))
        for task in (self.receive, self.send):
            threading.Thread(target=task, daemon=True).start()

    def receive(self):
        with contextlib.suppress(OSError):  # of the listener: the end
            while True:
                self.connection, _ = self.listener.accept()
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with contextlib.suppress(OSError), self.connection.makefile("rb") as line:
                    while len(head := line.read(4)) == 4:
                        self.switch.forward(self, line.read(struct.unpack(">I", head)[0]))

    def give(self, frame):
        with contextlib.suppress(queue.Full):
            self.waiting.put_nowait(frame)

    def send(self):
        while True:
            frame = self.waiting.get()
            if not self.connection:
                continue
            with contextlib.suppress(OSError):
                self.connection.sendall(struct.pack(">I", len(frame)) + frame)

    def close(self):
        """A socket that another thread waits for stays open until it is shut down."""
        for line in (self.listener, self.connection):
            if line:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
                line.close()


class Switch:
    def __init__(self, numbers):
        self.behind = {}  # hardware address: port
        self.ports = [Port(self, number) for number in numbers]

    def forward(self, source, frame):
        destination, self.behind[frame[6:12]] = frame[:6], source
        known = self.behind.get(destination)
        for port in [known] if known else self.ports:
            if port is not source:
                port.give(frame)

    def close(self):
        for port in self.ports:
            port.close()
