"""A grid whose nodes are machines: each has a network namespace with one address, and the same ports as all others."""

import ssl

from grid_api import GridApi
from loopback_grid import LoopbackGrid


def insecure_tls():
    """The nodes have certificates of their own making."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class MachineGrid(LoopbackGrid):
    """Machine n of the `network` (packet_switch.py) is node n."""

    def __init__(self, directory, network):
        super().__init__(directory)
        self.network = network
        self.tls = insecure_tls()

    def _plan_node(self, number, base_port):
        node = super()._plan_node(number, base_port)
        for service in list(node.keys() - {"id", "name", "pid", "dir", "host"}):
            node[service] -= base_port + (number - 1) * 16 - 20000
        # The API takes credentials over TLS only: https is there too.
        return node | {"machine": number, "host": self.network.address(number), "https": 20009}

    def _command(self, node, arguments):
        return [*self.network.entering(node["machine"]), *super()._command(node, arguments)]

    def api(self, node):
        return GridApi(node["host"], node["https"], self.description["admin"]["token"], self.tls)

    def close(self):
        """Ends every node and the network. Mounts and namespaces go with the run's own."""
        if self.description:
            self.stop()
        self.network.close()
