"""Gossip between real processes."""

import json
import pathlib

from grid import GridCase, wait_until


def datagram_bytes_waiting(port):
    """What the kernel holds for the socket on this UDP port of 127.0.0.1 (proc(5), /proc/net/udp)."""
    for line in pathlib.Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1] == f"0100007F:{port:04X}":
            return int(fields[4].split(":")[1], 16)
    raise AssertionError(f"nobody listens on UDP port {port}")


class Gossip(GridCase):
    def test_every_node_reads_what_the_others_send_it(self):
        rows = json.loads(self.gridmail("node", "list", "--json"))
        ports = [int(address.rpartition(":")[2]) for row in rows for address in row["addresses"]]
        self.assertEqual(len(self.grid.nodes), len(ports))
        for port in ports:
            wait_until(f"the datagrams to port {port} are read",
                       lambda port=port: datagram_bytes_waiting(port) == 0, 10)
