"""Nodes that leave, are replaced, weighed and maintained, and the jobs that this becomes: a grid of its own."""

import contextlib
import json
import os
import subprocess
import threading
import time
import unittest

from grid import ROOT, ApiError, GridCase, LoopbackGrid, imap_login, wait_until
from loopback_grid import DAEMON, is_our_process

BASE_PORT = int(os.environ.get("GRIDMAIL_MOVEMENT_PORT", "24000"))
MESSAGES = 40
DEFAULT_LIMITS = "failed-log-ins-per-address=100/10m"


class Movement(GridCase):
    """Steps in order, each from where the last one left the grid: five nodes, each in a zone of its own."""

    MAILBOXES = 12

    @classmethod
    def setUpClass(cls):
        cls.grid = LoopbackGrid(ROOT / "build/movement-grid")
        cls.grid.start_anew(5, base_port=BASE_PORT)
        cls.users = cls.grid.users[:cls.MAILBOXES]
        cls.user = cls.users[0]

    @classmethod
    def tearDownClass(cls):
        cls.grid.stop()

    def setUp(self):
        pass

    def json(self, *arguments, **options):
        return json.loads(self.gridmail(*arguments, "--json", **options))

    def refused(self, *arguments):
        """The reason why."""
        done = self.gridmail(*arguments, "--json", check=False)
        self.assertEqual(1, done.returncode, done.stdout)
        return json.loads(done.stdout)["error"]["detail"]

    def jobs(self, node=None):
        return {job["id"]: job for job in self.json("job", "list", node=node) if job["state"] != "done"}

    def slots_of(self, name, *sets):
        node = self.grid.node(name)["id"]
        return sum(any(node in row[which] for which in sets) for row in self.json("slot", "list"))

    def at_rest(self):
        return not self.jobs() and self.json("grid", "status")["verdict"] == "healthy"

    def check_mail(self):
        for user in self.users:
            with imap_login(self.grid.living()[0], user) as imap:
                self.assertEqual([str(MESSAGES).encode()], imap.select("INBOX")[1])

    def test_1_what_cannot_work_is_refused_with_its_reason(self):
        for i in range(MESSAGES):
            self.deliver(b"Subject: %d\r\n\r\n%s\r\n" % (i, b"x" * 5000), users=self.users, node=self.grid.nodes[i % 5])
        self.assertIn("no node", self.refused("node", "drain", "nobody"))
        self.assertIn("itself", self.refused("node", "replace", "node1", "--with", "node1"))
        self.assertIn("duration", self.refused("node", "maintenance", "node1", "--for", "a while"))
        self.assertIn("copies_min", self.refused("grid", "settings", "--copies", "1", "--copies-min", "2"))
        self.assertIn("copies", self.refused("grid", "settings", "--copies", "3"))
        for name in ("node2", "node3", "node4"):
            self.json("node", "zone", name, "node1")
        self.assertIn("too few zones", self.refused("node", "remove", "node5"))
        for name in ("node2", "node3", "node4"):
            self.json("node", "zone", name, name)
        self.assertEqual({"copies": 2, "copies_min": 2, "limits": DEFAULT_LIMITS, "postmaster": "postmaster", "scrub_days": 30},
                         self.json("grid", "settings"))
        wait_until("rest", self.at_rest, 120, 0.5)

    def test_2_a_node_of_weight_0_stores_nothing(self):
        answer = self.json("node", "weight", "node5", "0")
        self.assertEqual("balance", answer["job"])
        wait_until("no copies on it", lambda: self.slots_of("node5", "in_sync", "joining") == 0, 180, 0.5)
        wait_until("rest", self.at_rest, 60, 0.5)
        done = [job for job in self.json("job", "list") if job["id"] == "balance"]
        self.assertEqual(["done"], [job["state"] for job in done][:1])
        self.check_mail()

    def test_3_a_removal_is_paused_and_outlives_the_node_that_was_told_to_begin_it(self):
        told, other = self.grid.nodes[0], self.grid.nodes[1]
        job = self.json("node", "remove", "node3", node=told)["job"]
        self.json("job", "pause", job, node=told)
        wait_until("the pause", lambda: self.jobs(other).get(job, {}).get("state") == "paused", 10)
        time.sleep(2)
        held = self.slots_of("node3", "in_sync")
        time.sleep(3)
        self.assertEqual(held, self.slots_of("node3", "in_sync"))
        self.assertGreater(held, 0)
        self.grid.kill(told["name"])
        self.json("job", "resume", job, node=other)
        self.grid.start_node(told["name"])
        seen = self.jobs(other).get(job)
        if seen:
            self.assertLessEqual(seen["slots_done"], seen["slots_total"])
        wait_until("removal", lambda: "node3" not in [row["name"] for row in self.json("node", "list", node=other)],
                   240, 0.5)
        wait_until("the removed node's end", lambda: not is_our_process(self.grid.node("node3")["pid"]), 30)
        with self.assertRaises(AssertionError):
            self.gridmail("job", "pause", job)
        wait_until("rest", self.at_rest, 180, 0.5)
        self.check_mail()

    def test_4_a_node_takes_the_place_of_another(self):
        held = self.slots_of("node2", "in_sync")
        job = self.json("node", "replace", "node2", "--with", "node5")["job"]
        self.assertEqual("replace-node2", job)
        wait_until("the replacement", lambda: "node2" not in [row["name"] for row in self.json("node", "list")], 240, 0.5)
        self.assertAlmostEqual(held, self.slots_of("node5", "in_sync"), delta=held // 20)
        wait_until("rest", self.at_rest, 180, 0.5)
        self.check_mail()

    def test_5_a_node_that_is_maintained_is_not_rebuilt_meanwhile(self):
        node = self.grid.node("node4")["id"]

        def with_mail(which):
            """Slots with mail that the node has a copy of; one without anything is complete as soon as it joins."""
            return {row["slot"] for row in (self.location(user) for user in self.users) if node in row[which]}
        held = with_mail("in_sync")
        self.assertGreater(len(held), 0)
        self.json("node", "maintenance", "node4", "--for", "10m")
        self.assertIn("away already", self.refused("node", "maintenance", "node1", "--for", "10m"))
        wait_until("no primaries on it", lambda: not any(row["primary"] == node for row in self.json("slot", "list")), 30)
        self.grid.kill("node4")
        wait_until("the map without it", lambda: self.slots_of("node4", "in_sync") == 0, 30, 0.5)
        self.assertIn(node, self.gridmail("statistics").splitlines()[-1])  # whose part is missing
        self.assertIn(node, self.grid.api(self.grid.nodes[0]).get("/figures")["silent"])
        time.sleep(33)  # lost copies are waited for 30 s
        self.assertEqual(held, with_mail("retired"))
        self.assertEqual("waiting", self.jobs()["rebuild-node4"]["state"])
        self.grid.start_node("node4")
        wait_until("the node in sync", lambda: held <= with_mail("in_sync"), 60, 0.5)
        self.json("node", "undrain", "node4")
        wait_until("rest", self.at_rest, 120, 0.5)
        self.check_mail()

    def test_6_settings_change_online(self):
        self.assertEqual({"copies": 1, "copies_min": 1, "limits": DEFAULT_LIMITS, "postmaster": "postmaster", "scrub_days": 30},
                         self.json("grid", "settings", "--copies", "1"))
        wait_until("one copy of each", lambda: all(len(row["in_sync"]) == 1 for row in self.json("slot", "list")), 60, 0.5)
        self.assertIn("one copy only", self.refused("node", "drain", "node1"))
        self.assertEqual({"copies": 2, "copies_min": 1, "limits": DEFAULT_LIMITS, "postmaster": "postmaster", "scrub_days": 30},
                         self.json("grid", "settings", "--copies", "2"))
        wait_until("two copies of each", lambda: all(len(row["in_sync"]) == 2 for row in self.json("slot", "list")),
                   240, 0.5)
        changed = self.json("grid", "settings", "--copies-min", "2", "--scrub-days", "7")
        self.assertEqual((2, 7), (changed["copies_min"], changed["scrub_days"]))
        self.check_mail()

    def test_7_a_node_that_was_removed_while_it_was_down_learns_of_it(self):
        wait_until("rest", self.at_rest, 180, 0.5)
        node = self.grid.node("node4")
        self.grid.kill("node4")
        self.json("node", "remove", "node4")
        wait_until("the removal", lambda: "node4" not in [row["name"] for row in self.json("node", "list")], 240, 0.5)
        done = subprocess.run([DAEMON, "--config", f"{node['dir']}/gridmail.toml"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(2, done.returncode)
        self.assertIn("node.removed", done.stdout + done.stderr)
        self.assertIn("gridmaild: this node was removed from its grid", done.stderr)
        self.check_mail()

    def test_8_nodes_that_are_drained_at_once_are_never_all_of_them(self):
        nodes = self.grid.living()

        def drain(node, asked):
            with contextlib.suppress(ApiError):
                self.grid.api(asked).post(f"/nodes/{node['name']}/drain")
        threads = [threading.Thread(target=drain, args=(node, nodes[i - 1])) for i, node in enumerate(nodes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        states = [row["member_state"] for row in self.json("node", "list")]
        self.assertIn("active", states)
        self.assertNotEqual("unavailable", self.json("grid", "status")["verdict"])
        for node in nodes:
            self.json("node", "undrain", node["name"])
        wait_until("rest", self.at_rest, 180, 0.5)

        # The last one that takes clients dies.
        for node in nodes[:-1]:
            self.json("node", "drain", node["name"])
        self.grid.kill(nodes[-1]["name"])

        def said():
            status = self.json("grid", "status", node=nodes[0])
            return status["verdict"] == "unavailable" and any("takes clients" in reason for reason in status["reasons"])
        wait_until("the verdict", said, 30, 0.2)
        self.grid.start_node(nodes[-1]["name"])
        for node in nodes[:-1]:
            self.json("node", "undrain", node["name"])
        wait_until("rest", self.at_rest, 180, 0.5)


if __name__ == "__main__":
    unittest.main()
