"""--dry-run of everything that moves or deletes: it says what would be done, and nothing is."""

import json
import pathlib
import smtplib
import tempfile

from certificates import make_certificate
from grid import TIMEOUT, GridCase, wait_until

ADDRESS, LIST, ALIAS = "doomed@example.test", "all@example.test", "other@example.test"
ELSEWHERE = "nobody@waiting.test"


class DryRun(GridCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.TemporaryDirectory()
        cls.chain, cls.key, _ = make_certificate(pathlib.Path(cls.folder.name), "dry.example.test")
        made = (("user", "add", ADDRESS), ("alias", "add", ALIAS, ADDRESS),
                ("list", "add", LIST, "--members", cls.user["address"]), ("domain", "add", "empty.test"),
                ("domain", "catch-all", "example.test", "--to", ADDRESS),
                ("user", "app-password", "add", ADDRESS, "--name", "phone", "--protocols", "imap"),
                ("user", "forward", ADDRESS, "--to", cls.user["address"]),
                ("user", "delegate", ADDRESS, "--to", cls.user["address"]),
                ("route", "set", "waiting.test", "--via", "smtp:127.0.0.1:1"), ("admin", "add", "second"),
                ("token", "add", "doomed", "--role", "viewer"), ("certificate", "set", cls.chain, cls.key),
                ("dkim", "add", "example.test", "--selector", "active"),
                ("dkim", "activate", "example.test", "active"),
                ("dkim", "add", "example.test", "--selector", "published"))
        for line in made:
            cls.command(cls, *line, stdin="secret\n")
        cls.submit(cls)
        cls.queued = wait_until("a message that waits", lambda: next(
            (row for row in cls.command(cls, "queue", "list") if ELSEWHERE in row["recipients"] and row["attempts"]),
            None), 20)

    @classmethod
    def tearDownClass(cls):
        for line in (("queue", "remove", cls.queued["id"]), ("user", "remove", ADDRESS), ("list", "remove", LIST),
                     ("domain", "catch-all", "example.test", "--to", "none"), ("domain", "remove", "empty.test"),
                     ("route", "remove", "waiting.test"), ("admin", "remove", "second"), ("token", "remove", "doomed"),
                     ("certificate", "remove", "dry.example.test"), ("dkim", "retire", "example.test", "active"),
                     ("dkim", "remove", "example.test", "active"), ("dkim", "remove", "example.test", "published")):
            cls.command(cls, *line)
        cls.folder.cleanup()

    def command(self, *line, stdin=None):
        return json.loads(GridCase.gridmail(self, *map(str, line), "--json", stdin=stdin))

    def submit(self):
        node = self.grid.nodes[0]
        with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT) as smtp:
            smtp.login(self.user["address"], self.user["password"])
            smtp.sendmail(self.user["address"], [ELSEWHERE], "Subject: it waits\r\n\r\ntext\r\n")

    def session(self):
        """Of somebody who has logged in with a browser."""
        self.grid.api(self.grid.nodes[0]).post("/session", {"user": self.user["address"], "password": self.user["password"]})
        return next(row["id"] for row in self.command("session", "list") if row["account"] == self.user["address"])

    def join_token(self):
        self.command("node", "join-token")
        return self.command("join-token", "list")[0]["id"]

    def picture(self):
        """All that a verb could change, but what goes on by itself."""
        api = self.grid.api(self.grid.living()[0])
        lists = ("users", "user-settings", "domains", "aliases", "lists", "routes", "certificates", "tokens", "admins",
                 "join-tokens", "dkim-keys", "sessions", "settings", f"users/{ADDRESS}/app-passwords", "audit?limit=1")
        picture = {name: api.get("/" + name) for name in lists}
        wished = ("name", "member_state", "zone", "weight", "maintenance_until")
        picture["nodes"] = [[row[name] for name in wished] for row in api.get("/nodes")]
        picture["keys"] = api.get("/keys")["keys"]
        picture["queue"] = [(row["id"], row["held"]) for row in api.get("/queue")]
        return picture

    def test_each_verb_tells_and_changes_nothing(self):
        first, second = (node["name"] for node in self.grid.nodes[:2])
        lines = [("grid settings", "--copies", "1"), ("grid settings", "--postmaster", self.user["address"]),
                 ("node drain", first), ("node maintenance", first, "--for", "10m"), ("node weight", first, "50"),
                 ("node zone", first, "cellar"), ("node undrain", first), ("node remove", first),
                 ("node replace", first, "--with", second),
                 ("user remove", ADDRESS), ("user app-password", "remove", ADDRESS, "--name", "phone"),
                 ("user forward", ADDRESS, "--to", "none"), ("user delegate", ADDRESS, "--to", "none"),
                 ("domain remove", "empty.test"), ("domain catch-all", "example.test", "--to", "none"),
                 ("list change", LIST, "--remove", self.user["address"], "--add", ADDRESS), ("list remove", LIST),
                 ("alias remove", ALIAS), ("dkim activate", "example.test", "published"),
                 ("dkim retire", "example.test", "active"), ("dkim remove", "example.test", "published"),
                 ("queue retry", self.queued["id"]), ("queue hold", self.queued["id"]),
                 ("queue remove", self.queued["id"]), ("queue flush",),
                 ("queue hold", "--destination", "waiting.test"), ("queue release", "--destination", "waiting.test"),
                 ("queue remove", "--sender", self.user["address"]),
                 ("route set", "waiting.test", "--via", "mx"), ("route remove", "waiting.test"),
                 ("certificate set", self.chain, self.key), ("certificate remove", "dry.example.test"),
                 ("token remove", "doomed"), ("admin remove", "second"), ("session end", self.session()),
                 ("join-token remove", self.join_token()), ("key rotate",)]
        tried = {verb["noun"] + (" " + verb["verb"] if verb["verb"] else "") for verb in self.command("commands")
                 if any(argument["name"] == "--dry-run" for argument in verb["arguments"])}
        self.assertEqual(tried - {"grid recover", "apply"}, {verb for verb, *_ in lines})
        before = self.picture()
        for verb, *rest in lines:
            with self.subTest(verb, rest=rest):
                done = self.gridmail(*verb.split(), *map(str, rest), "--dry-run", "--json", check=False)
                answer = json.loads(done.stdout)
                self.assertEqual((0, True), (done.returncode, answer.get("dry_run")), answer)
                self.assertTrue(answer["changes"])
        self.assertEqual(before, self.picture())

    def test_it_says_how_much(self):
        self.deliver(b"Subject: counted\r\n\r\nbody\r\n", users=[{"address": ALIAS}], node=self.grid.nodes[0])
        text = self.gridmail("user", "remove", ADDRESS, "--dry-run")
        self.assertIn(f"user remove {ADDRESS}\n  before: role=user", text)
        self.assertIn(" bytes, are deleted after 14 days\n", text)
        self.assertIn(f"aliases go at once: {ALIAS}\n", text)
        self.assertRegex(self.gridmail("node", "drain", self.grid.nodes[0]["name"], "--dry-run"),
                         r"state=draining\n  [1-9]\d* slots get another primary\n")
        text = self.gridmail("queue", "remove", "--destination", "waiting.test", "--dry-run")
        self.assertRegex(text, r"queue remove destination=waiting.test\n  1 messages, [1-9]\d* bytes\n")

    def test_it_is_refused_as_the_real_call_is(self):
        for line in (("user", "remove", "nobody@example.test"), ("user", "remove", ALIAS), ("node", "drain", "nowhere"),
                     ("domain", "remove", "example.test"), ("queue", "remove", "0" * 32),
                     ("dkim", "remove", "example.test", "active"), ("certificate", "remove", "nowhere.test")):
            with self.subTest(line):
                dry, real = (self.gridmail(*line, *more, check=False) for more in (("--dry-run",), ()))
                self.assertEqual((1, real.stderr), (dry.returncode, dry.stderr))
                self.assertTrue(real.stderr)
