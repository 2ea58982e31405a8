"""What an admin does in bad times, on real processes of a grid of its own: keys replaced while nodes die, a cloned
machine, two of three nodes lost for good."""

import contextlib
import json
import os
import pathlib
import shutil
import smtplib
import subprocess
import tempfile
import unittest

from certificates import NAME, make_certificate, shown
from grid import TIMEOUT, imap_login, path_part, wait_until
from loopback_grid import COMMAND, DAEMON, LoopbackGrid

USERS = 24
NOBODY = 65534


class OwnGridCase(unittest.TestCase):
    """Three nodes that the case may ruin."""

    @classmethod
    def setUpClass(cls):
        directory = os.environ.get("GRIDMAIL_TEST_GRID")
        if not directory:
            raise unittest.SkipTest("no grid: run ./dev test integration")
        first_port = LoopbackGrid(directory).load().nodes[0]["smtp"]
        cls.grid = LoopbackGrid(pathlib.Path(directory).parent / "disaster-grid")
        cls.grid.start(3, base_port=first_port + 500)
        cls.addClassCleanup(cls.grid.stop)
        cls.users = cls.grid.users[:USERS]

    def node(self, name):
        return self.grid.node(name)

    def gridmail(self, node, *arguments, stdin=None):
        """Exit code and the one JSON document."""
        environment = os.environ | {"GRIDMAIL_URL": f"http://{node['host']}:{node['http']}",
                                    "GRIDMAIL_TOKEN": self.grid.description["admin"]["token"]}
        done = subprocess.run([COMMAND, *arguments, "--json"], env=environment,
                              capture_output=True, text=True, timeout=120, input=stdin, check=False)
        try:
            return done.returncode, json.loads(done.stdout)
        except json.JSONDecodeError:
            raise AssertionError(f"gridmail {arguments}: {done.stdout!r} {done.stderr!r}") from None

    def deliver(self, node, users, text):
        with smtplib.SMTP(node["host"], node["smtp"], timeout=TIMEOUT) as smtp:
            for user in users:
                smtp.sendmail("sender@elsewhere.test", [user["address"]], f"Subject: {text}\r\n\r\n{text}\r\n")

    def subjects(self, node, user):
        with imap_login(node, user) as imap:
            status, count = imap.select("INBOX", readonly=True)
            if status != "OK" and b"NONEXISTENT" in count[0]:
                return []  # it was lost with its slot; the next delivery makes it anew
            if status != "OK":
                raise AssertionError(f"SELECT: {count}")
            if count == [b"0"]:
                return []
            parts = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
            return [part[1].decode().removeprefix("Subject: ").strip() for part in parts if isinstance(part, tuple)]

    def status(self, node):
        return self.grid.api(node).get("/status")


class Keys(OwnGridCase):
    def test_a_rotation_goes_on_without_a_dead_node_which_gets_the_key_when_it_returns(self):
        first = self.node("node1")
        code, before = self.gridmail(first, "key", "status")
        self.assertEqual((code, before["phase"], len(before["keys"])), (0, "settled", 1))
        self.grid.kill("node3")
        wait_until("node3 is called dead", lambda: {row["name"]: row["state"] for row in self.status(first)["nodes"]}
                   ["node3"] == "dead", 30)
        code, after = self.gridmail(first, "key", "rotate")
        self.assertEqual((code, after["phase"], len(after["keys"])), (0, "settled", 1))
        self.assertNotEqual(before["keys"], after["keys"])
        has = {row["name"]: row["has_keys"] for row in after["nodes"]}
        self.assertEqual(has["node3"], False)
        # A node that restarts in the middle of another rotation keeps up, too.
        self.grid.start_node("node3")
        self.grid.api(first).post("/keys/rotate")
        self.grid.kill("node2")
        self.grid.start_node("node2")

        def settled_everywhere():
            for node in self.grid.nodes:
                status = self.gridmail(node, "key", "status")[1]
                if status["phase"] != "settled" or not all(row["has_keys"] for row in status["nodes"]):
                    return False
                if any(row["state"] != "alive" for row in status["nodes"]):
                    return False
            return True
        wait_until("all nodes have the newest key", settled_everywhere, 60, 0.5)
        keys = {tuple(self.gridmail(node, "key", "status")[1]["keys"]) for node in self.grid.nodes}
        self.assertEqual(len(keys), 1)
        self.assertNotIn(tuple(after["keys"]), keys)


class Clone(OwnGridCase):
    def test_a_cloned_machine_is_named(self):
        original = self.node("node3")
        self.grid.kill("node3")
        directory = pathlib.Path(original["dir"])
        copy = directory.with_name("clone")
        shutil.copytree(directory, copy, ignore=shutil.ignore_patterns("sendmail"))  # a socket
        self.addCleanup(shutil.rmtree, copy)
        config = (copy / "gridmail.toml").read_text().replace(str(directory), str(copy))
        for port in range(original["smtp"], original["smtp"] + 16):
            config = config.replace(f":{port}\"", f":{port + 200}\"")
        (copy / "gridmail.toml").write_text(config)
        self.grid.start_node("node3")
        with open(copy / "gridmaild.log", "ab") as log:
            clone = subprocess.Popen([DAEMON, "--config", copy / "gridmail.toml"], cwd=copy,
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until("node1 names the clone", lambda: any(
                "identity of node node3" in reason for reason in self.status(self.node("node1"))["reasons"]), 90, 0.5)
        finally:
            clone.kill()
            clone.wait()


class Recover(OwnGridCase):
    def has_its_share(self, asked, node):
        rows = self.gridmail(asked, "slot", "list")[1]
        return sum(node["id"] in row["in_sync"] for row in rows) > len(rows) / 2

    @contextlib.contextmanager
    def owned_by_another(self, folder):
        """As far as root runs the tests where others may look; all that is there at the end is the owner's, too."""
        files = [pathlib.Path(folder), *pathlib.Path(folder).rglob("*")]
        if os.geteuid() != 0 or not all(parent.stat().st_mode & 1 for parent in files[0].parents):
            yield
            return
        for file in files:
            os.chown(file, NOBODY, NOBODY)
        yield
        files = [files[0], *files[0].rglob("*")]
        self.assertEqual({NOBODY}, {file.stat().st_uid for file in files})
        for file in files:
            os.chown(file, 0, 0)

    def test_one_of_three_goes_on_with_what_it_has(self):
        first, last = self.node("node1"), self.node("node3")
        wait_until("copies on all, and nothing moves", lambda: self.has_its_share(first, last) and not [
            job for job in self.gridmail(first, "job", "list")[1] if job["state"] != "done"], 60, 0.5)
        self.deliver(first, self.users, "before")
        rows = {user["address"]: self.grid.api(first).get(f"/users/{path_part(user['address'])}/location")
                for user in self.users}
        here = {address for address, row in rows.items() if last["id"] in row["in_sync"]}
        for name in ("node1", "node2", "node3"):
            self.grid.kill(name)
        for name in ("node1", "node2"):
            shutil.rmtree(self.node(name)["dir"])

        config = str(pathlib.Path(last["dir"]) / "gridmail.toml")
        with self.owned_by_another(last["dir"]):  # as where a package installed it, and root asks
            code, asked = self.gridmail(last, "grid", "recover", "--config", config, stdin="yes\n")
        self.assertEqual((code, asked["done"]), (1, False))
        self.assertTrue(asked["slots_lost"])
        self.assertNotIn("directory", asked["slots_lost"])
        lost = {address for address, row in rows.items() if row["slot"] in asked["slots_lost"]}
        self.assertTrue(here and lost and not here & lost, (here, lost))
        # What was just beginning to move here when the others died has what came since: nothing is promised of that.
        users = [user for user in self.users if user["address"] in here | lost]
        self.assertEqual(len(asked["given_up"]), 2)
        code, done = self.gridmail(last, "grid", "recover", "--config", config, stdin=asked["phrase"] + "\n")
        self.assertEqual((code, done["done"]), (0, True))
        self.assertEqual(done["slots_lost"], asked["slots_lost"])

        self.grid.start_node("node3")
        code, refused = self.gridmail(last, "grid", "recover", "--config", config, stdin=asked["phrase"] + "\n")
        self.assertEqual(code, 1, "gridmaild runs")
        self.assertIn("error", refused)
        for user in users:
            self.assertEqual(self.subjects(last, user), [] if user["address"] in lost else ["before"], user)
        self.deliver(last, self.users, "after")

        with tempfile.TemporaryDirectory() as folder:
            certificate, key, fingerprint = make_certificate(pathlib.Path(folder), NAME)
            self.assertEqual(0, self.gridmail(last, "certificate", "set", certificate, key)[0])
        self.grid.description["nodes"] = [last]
        joined = self.grid.add_node("node4")
        self.grid.wait_until_whole(90)
        wait_until("the key is sealed to who joined", lambda: shown(joined, "imaps") == fingerprint, 10)
        for node in self.grid.nodes:
            for user in users:
                expected = ["after"] if user["address"] in lost else ["before", "after"]
                self.assertEqual(self.subjects(node, user), expected, (node["name"], user))
        status = self.status(last)
        self.assertEqual(status["verdict"], "healthy", status["reasons"])
        self.assertIn("grid.was_recovered", (pathlib.Path(last["dir"]) / "gridmaild.log").read_text())


if __name__ == "__main__":
    unittest.main()
