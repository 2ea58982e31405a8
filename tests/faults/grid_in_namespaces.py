"""A grid whose nodes are machines: each has a network namespace with one address, and a disk of its own."""

import itertools
import pathlib
import re
import shutil

from loopback_grid import DOMAIN, wait_until
from grid_api import ApiError
from machine_grid import MachineGrid
from node_disk import NodeDisk
from packet_switch import Network

DISK_MEBIBYTES = 1024


class NamespaceGrid(MachineGrid):
    users_count = 12
    reserve_bytes = "256 MiB"
    extra_users = itertools.count(1)

    def __init__(self, directory, machines, seed):
        super().__init__(directory, Network(range(1, machines + 1), seed))
        self.disks = {}   # name -> NodeDisk
        self.clocks = {}  # name -> seconds that the clocks which count from the boot are set forward

    # --- what differs from other grids of machines ---

    def _write_config(self, node, smart_host):
        super()._write_config(node, smart_host)
        self.disks[node["name"]] = NodeDisk(node["dir"], "disk", DISK_MEBIBYTES)

    def _data_dir(self, node):
        return pathlib.Path(node["dir"]) / "disk" / "data"

    def _command(self, node, arguments):
        # A time namespace is entered at the exec (Linux 6.3; before, this only restarts the node).
        ahead = str(self.clocks.get(node["name"], 0))
        clock = ["unshare", "--time", "--boottime", ahead, "--monotonic", ahead] if ahead != "0" else []
        entering, command = self.network.entering(node["machine"]), super()._command(node, arguments)
        return [*entering, *clock, *command[len(entering):]]

    # --- what faults need ---

    def disk(self, node):
        return self.disks[node["name"]]

    def status(self):
        """As one of the living nodes tells it; None when none does."""
        for node in self.living():
            answer = self._answers(lambda node=node: self.api(node).get("/status", timeout=5))
            if answer:
                return answer
        return None

    def verdict(self):
        status = self.status()
        return status["verdict"] if status else "nobody answers"

    def reasons(self):
        status = self.status()
        return status["reasons"] if status else []

    def has_low_space(self, node):
        return "\ngridmail_disk_low 1\n" in self.api(node).probe("/metrics")[1]

    def is_stored_on(self, node, user):
        place = self.api(node).get(f"/users/{user['address']}/location")
        return node["id"] in place["in_sync"]

    def user_stored_on(self, node):
        """A new one, whom no client reads, and of whose mail that node has a copy."""
        def added():
            user = {"address": f"extra{next(self.extra_users)}@{DOMAIN}", "password": "extra password"}
            rows = self._answers(lambda: self.api(node).post("/user-batches", {"users": [user]}))
            there = rows and "error" not in rows[0] and self._answers(lambda: self.is_stored_on(node, user))
            return user if there else None
        return wait_until(f"a user whose mail is on {node['name']}", added, 120)

    def set_cache(self, node, cache_bytes):
        """From its next start on. With a small one, what its log holds is written to tables at the start, and soon after that."""
        config = pathlib.Path(node["dir"]) / "gridmail.toml"
        config.write_text(re.sub(r'cache_bytes = "[^"]*"', f'cache_bytes = "{cache_bytes}"', config.read_text()))

    def scrub_all(self, seconds):
        """Every node compares its slots with their other copies; a node that finds damage starts again, and goes on."""
        begun = set()
        wait_until("a scrub of all slots", lambda: all([self._scrubbed(node, begun) for node in self.living()]), seconds, 1)

    def _scrubbed(self, node, begun):
        def ask():
            if node["name"] not in begun:
                self.api(node).post("/scrub")
                begun.add(node["name"])
            scrub = self.api(node).get("/status")["scrub"]
            return scrub["slots_due"] == 0 and scrub["slot"] is None
        return bool(self._answers(ask))

    def start_all_again(self, seconds):
        """No node is ready before others are there: all begin, then all are waited for."""
        processes = [(node, self._spawn(node)) for node in self.nodes]
        self.save()
        for node, process in processes:
            self._wait_for_probe(node, "/readyz", seconds, process)

    def replace_disk(self, node, seconds):
        """A blank disk is another node: it joins under another name, and the old one is removed."""
        old_id, old_name = node["id"], node["name"]
        lives = next(other for other in self.living() if other is not node)
        shutil.rmtree(self._data_dir(node))
        node["name"] = f"node{node['machine']}-{len(list(pathlib.Path(node['dir']).glob('*.toml'))) + 1}"
        self.disks[node["name"]] = self.disks.pop(old_name)
        config = pathlib.Path(node["dir"]) / "gridmail.toml"
        config.replace(config.with_name(f"{old_name}.toml"))
        config.write_text(config.with_name(f"{old_name}.toml").read_text().replace(f'"{old_name}', f'"{node["name"]}'))
        token = wait_until("a join token", lambda: self._answers(lambda: self.api(lives).post("/join-tokens")), 60)
        token_file = pathlib.Path(node["dir"]) / "join-token"
        token_file.write_text(token["token"])
        token_file.chmod(0o600)
        process = self._spawn(node, ["--join-file", token_file])
        self.save()
        self._wait_for_probe(node, "/startupz", seconds, process)

        def removed():
            try:
                rows = self.api(lives).get("/nodes")
            except (ApiError, OSError):
                return False
            for row in rows:
                if row["name"] == node["name"]:
                    node["id"] = row["id"]
            if old_id not in [row["id"] for row in rows]:
                return True
            try:
                self.api(lives).call("DELETE", f"/nodes/{old_id}")
            except (ApiError, OSError):
                pass
            return False
        wait_until(f"the removal of {old_name}", removed, seconds, 1)
        self.save()

    def close(self):
        for disk in self.disks.values():
            disk.thaw()
        super().close()
