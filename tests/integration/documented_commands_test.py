"""Every gridmail command of the manual for admins is typed, in its order, on a grid of its own."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from grid import ROOT, GridCase, LoopbackGrid, wait_until

sys.path.insert(0, str(ROOT / "packaging/generate"))

import command_table  # noqa: E402
from documented_commands import documented  # noqa: E402

BASE_PORT = int(os.environ.get("GRIDMAIL_DOCUMENTED_PORT", "24200"))
MANUAL = ROOT / "packaging/admin.md"
# They make a node out of a machine, or end a grid: ./dev package-test and disaster_test type these.
ELSEWHERE = [["setup"], ["grid", "recover"]]
PASSWORD = "a password that is long"
QUEUED = "somebody@silent.example.net"


class DocumentedCommands(GridCase):
    users = ()

    @classmethod
    def setUpClass(cls):
        cls.grid = LoopbackGrid(ROOT / "build/documented-grid")
        cls.grid.start_anew(4, base_port=BASE_PORT)
        cls.rows = command_table.commands(ROOT / "build/release")
        cls.machines = {f"mail{number}": f"node{number}" for number in (1, 2, 3, 4)}
        cls.folder = tempfile.TemporaryDirectory()
        cls.make_certificate()

    @classmethod
    def tearDownClass(cls):
        cls.grid.stop()
        cls.folder.cleanup()

    @classmethod
    def make_certificate(cls):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90",
                        "-subj", "/CN=mail.example.org", "-addext", "subjectAltName=DNS:mail.example.org",
                        "-keyout", "privkey.pem", "-out", "fullchain.pem"], cwd=cls.folder.name, check=True, capture_output=True)

    def json(self, *words):
        return json.loads(self.gridmail(*words, "--json"))

    def is_whole(self, words):
        """Text may name a command, or an option of one, without what belongs to it."""
        row = next((row for row in self.rows if words[:2] == [row["noun"], row["verb"]] or words[:1] == [row["noun"]] and not row["verb"]), None)
        if row is None:
            return False
        arguments = {argument["name"]: argument for argument in row["arguments"]}
        required = sum(argument["required"] and not command_table.is_option(argument) for argument in row["arguments"])
        given = words[2 if row["verb"] else 1:]
        cut_off = given and given[-1] in arguments and not arguments[given[-1]]["flag"]
        return len(given) >= required and not cut_off

    # --- what the manual's words stand for here ---

    def queue_id(self):
        return self.json("queue", "list")[0]["id"]

    def meant(self, words):
        """The same command with names that this grid has."""
        known = {"ADDRESS": lambda: "anna@example.org",
                 "ID": lambda: "balance",  # a removal may be over by then
                 "9f3c…": lambda: self.waiting, "rsa20261122": lambda: self.json("dkim", "list", "--domain", "example.org")[0]["selector"],
                 "7": lambda: str(self.json("config", "history")[0]["id"])}
        words = [known[word]() if word in known else word for word in words]
        return [self.machines.get(word, word) for word in words]

    def prepare(self, words):
        """What an admin has by then."""
        if words[:2] == ["lookup", "user@example.org"]:
            for name in ("user", "a", "b"):
                self.typed(["user", "add", f"{name}@example.org"])
        if words == ["route", "list"]:
            # A message to a server that is not there, so that something waits.
            self.typed(["route", "set", "silent.example.net", "--via", "smtp:127.0.0.1:1"])
            self.typed(["user", "forward", "user@example.org", "--to", QUEUED, "--keep", "no"])
            self.deliver(b"Subject: waits\r\n\r\ntext\r\n", users=[{"address": "user@example.org"}], node=self.grid.nodes[0])
            wait_until("a message that waits", lambda: self.json("queue", "list"), 20)
            self.waiting = self.queue_id()

    def settle(self, words):
        """Lets what a command began come to its end where the next one needs that."""
        if words[:2] in (["job", "resume"], ["node", "replace"]):
            gone = self.machines["mail2"]
            wait_until(f"{gone} has left", lambda: gone not in [row["name"] for row in self.json("node", "list")], 240, 0.5)
            wait_until("a healthy grid", lambda: self.json("grid", "status")["verdict"] == "healthy", 180, 0.5)
            self.machines["mail2"] = "node3"  # the manual takes out the same one again

    def typed(self, words):
        node = self.grid.living()[0]
        environment = os.environ | {"GRIDMAIL_URL": f"http://{node['host']}:{node['http']}", "GRIDMAIL_PASSWORD": PASSWORD,
                                    "GRIDMAIL_TOKEN": self.grid.description["admin"]["token"]}
        return subprocess.run([ROOT / "build/release/gridmail", *words], cwd=self.folder.name, env=environment, text=True,
                              input=f"{PASSWORD}\n", capture_output=True, timeout=120, check=False)

    def test_every_command_of_the_manual_does_what_it_says(self):
        run = 0
        for _, words in documented([MANUAL]):
            if any(words[:len(other)] == other for other in ELSEWHERE) or not self.is_whole(words):
                continue
            self.prepare(words)
            words = self.meant(words)
            done = self.typed(words)
            # The doctor ran, whatever it found.
            with self.subTest(" ".join(words)):
                self.assertIn(done.returncode, (0, 1, 2) if words[0] == "doctor" else (0,), done.stdout + done.stderr)
            if words == ["config", "show"]:
                self.assertIn("scrub_days = 30", done.stdout)
                pathlib.Path(self.folder.name, "grid.toml").write_text(done.stdout.replace("scrub_days = 30", "scrub_days = 20"))
            self.settle(words)
            run += 1
        self.assertGreater(run, 60)


if __name__ == "__main__":
    unittest.main()
