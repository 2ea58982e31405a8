"""The gridmail command and the HTTP API against a real grid."""

import json
import smtplib
import socket
import time
import urllib.request

from grid import TIMEOUT, ApiError, GridCase, imap_login, wait_until


class Description(GridCase):
    users_needed = 0

    def test_grid_json_names_everything_that_outsiders_use(self):
        grid = self.grid.description
        self.assertEqual({"user", "password", "token"}, set(grid["admin"]))
        self.assertLessEqual({f"user{number}@{grid['domain']}" for number in range(1, 51)},
                             {user["address"] for user in grid["users"]})
        services = ("smtp", "submission", "submissions", "lmtp", "imap", "imaps", "pop3", "pop3s", "http", "agent")
        for node in grid["nodes"]:
            self.assertLessEqual({"id", "name", "pid", "dir", "host", *services}, set(node))
            for service in services:
                with socket.create_connection((node["host"], node[service]), timeout=TIMEOUT):
                    pass


class Cli(GridCase):
    def json(self, *arguments, **options):
        return json.loads(self.gridmail(*arguments, "--json", **options))

    def test_the_grid_is_healthy_and_every_slot_has_two_copies(self):
        status = self.json("grid", "status")
        self.assertEqual(("healthy", []), (status["verdict"], status["reasons"]))
        rows = self.json("slot", "list")
        self.assertEqual("directory", rows[-1]["slot"])
        self.assertEqual(list(range(len(rows) - 1)), [row["slot"] for row in rows[:-1]])
        for row in rows:
            self.assertEqual(2, len(row["in_sync"]))
            self.assertIn(row["primary"], row["in_sync"])
        self.assertEqual({node["id"] for node in self.grid.nodes}, {row["id"] for row in self.json("node", "list")})

    def test_every_node_gives_the_same_answer(self):
        rows = [self.json("user", "locate", self.user["address"], node=node) for node in self.grid.nodes]
        self.assertEqual(rows[0], rows[1])
        self.assertEqual(rows[0], rows[2])

    def test_a_user_from_add_to_remove(self):
        address = "temporary@" + self.grid.description["domain"]
        self.assertEqual(address, self.json("user", "add", address, stdin="first\n")["address"])
        for node in self.grid.nodes:
            with imap_login(node, {"address": address, "password": "first"}) as imap:
                self.assertEqual([b"0"], imap.select("INBOX")[1])
        self.assertNotEqual(0, self.gridmail("user", "add", address, stdin="x\n", check=False).returncode)
        self.json("user", "passwd", address, stdin="second\n")
        with imap_login(self.grid.nodes[2], {"address": address, "password": "second"}):
            pass
        self.json("alias", "add", "other-" + address, address)
        self.assertIn("other-" + address, self.json("user", "show", address)["aliases"])
        self.deliver(b"Subject: by alias\r\n\r\nbody\r\n", users=[{"address": "other-" + address}],
                     node=self.grid.nodes[0])
        with imap_login(self.grid.nodes[1], {"address": address, "password": "second"}) as imap:
            self.assertEqual([b"1"], imap.select("INBOX")[1])
        self.json("alias", "remove", "other-" + address)
        with imap_login(self.grid.nodes[0], {"address": address, "password": "second"}) as imap:
            imap.select("INBOX")
            self.json("user", "remove", address)
            time.sleep(2)  # how often a session looks
            self.assertRaises(imap.abort, imap.noop)
        self.assertNotIn(address, [row["address"] for row in self.json("user", "list")])

    def test_users_are_imported_and_their_old_hashes_renewed(self):
        domain = self.grid.description["domain"]
        hashed = "{CRYPT}$5$rounds=1000$saltsalt$TWdBOWiYhmVJkQgbrDSNb2rxBkKSiutz24Rm5ti0vID"
        text = f"imported1@{domain}:{hashed}\nimported2@{domain}:plain\nimported3@nowhere.test:x\n"
        done = self.gridmail("user", "import", "-", "--json", stdin=text, check=False)
        self.assertEqual(1, done.returncode)
        rows = json.loads(done.stdout)
        self.assertEqual(["id", "id", "error"], [next(key for key in ("id", "error") if key in row) for row in rows])
        try:
            for number, password in ((1, "geheim"), (2, "plain")):
                for node in self.grid.nodes:
                    with imap_login(node, {"address": f"imported{number}@{domain}", "password": password}):
                        pass
        finally:
            for number in (1, 2):
                self.json("user", "remove", f"imported{number}@{domain}")

    def test_json_is_one_document_whatever_is_wrong(self):
        for line, code in ((("user", "show", "nobody@example.test"), 1), (("user", "add"), 2), (("frobnicate",), 2),
                           (("queue", "remove", "00"), 1), (("queue", "retry", "0" * 32), 1)):
            with self.subTest(line):
                done = self.gridmail(*line, "--json", check=False)
                self.assertEqual(code, done.returncode)
                self.assertIn("detail", json.loads(done.stdout)["error"])

    def test_domains(self):
        self.json("domain", "add", "second.test")
        self.assertIn("second.test", [row["name"] for row in self.json("domain", "list")])
        self.json("domain", "remove", "second.test")
        self.assertNotIn("second.test", [row["name"] for row in self.json("domain", "list")])
        self.assertEqual(1, self.gridmail("domain", "remove", "nowhere.test", check=False).returncode)

    def test_lists_are_arrays_and_join_tokens_are_single(self):
        self.assertIsInstance(self.json("queue", "list"), list)
        self.assertIsInstance(self.json("alias", "list"), list)
        first, second = self.json("node", "join-token"), self.json("node", "join-token", "--ttl", "60")
        self.assertNotEqual(first["token"], second["token"])

    def test_a_list_of_thousands_is_applied_and_what_is_too_large_is_said_to_be(self):
        address = f"everybody@{self.grid.description['domain']}"
        members = sorted(f"member{number}@a.domain.of.usual.length.test" for number in range(2000))
        written = ", ".join(f'"{member}"' for member in members)
        self.gridmail("apply", "--file", "-", stdin=f'[lists]\n"{address}" = [{written}]\n')
        self.addCleanup(self.gridmail, "list", "remove", address)
        self.assertEqual(members, sorted(self.json("list", "show", address)["members"]))
        gone = ",".join(members[100:])
        self.assertGreater(len(gone), 64 << 10)  # more than the API takes at once
        told = self.json("list", "change", address, "--remove", gone, "--dry-run")
        self.assertGreater(len(told["changes"]), 1)
        self.assertEqual(2000, len(self.json("list", "show", address)["members"]))
        self.gridmail("list", "change", address, "--remove", gone)
        self.assertEqual(members[:100], sorted(self.json("list", "show", address)["members"]))
        self.gridmail("list", "change", address, "--add", gone)
        self.assertEqual(members, sorted(self.json("list", "show", address)["members"]))
        refused = self.gridmail("list", "change", address, "--add", "x" * 120_000, check=False)
        self.assertEqual((1, "gridmail: the body is too large\n"), (refused.returncode, refused.stderr))

    def test_bounces_in_the_queue_are_chosen_by_their_empty_sender(self):
        address, node, there = self.user["address"], self.grid.nodes[0], ("--destination", "silent.test")
        for undone, done in ((("route", "remove", "silent.test"), ("route", "set", "silent.test", "--via", "smtp:127.0.0.1:1")),
                             (("user", "forward", address, "--to", "none"),
                              ("user", "forward", address, "--to", "somebody@silent.test", "--keep", "no"))):
            self.gridmail(*done)
            self.addCleanup(self.gridmail, *undone)
        self.addCleanup(self.gridmail, "queue", "remove", *there)
        with smtplib.SMTP(node["host"], node["smtp"], timeout=TIMEOUT) as smtp:
            for sender in ("", "sender@elsewhere.test"):
                smtp.sendmail(sender, [address], b"Subject: waits\r\n\r\ntext\r\n")

        def senders(*choice):
            return {row["sender"] for row in self.json("queue", "list", *there, *choice)}
        wait_until("both wait", lambda: senders() == {"", "sender@elsewhere.test"}, 20)
        self.assertEqual({""}, senders("--sender", "<>"))
        self.assertGreaterEqual(self.json("queue", "remove", *there, "--sender", "<>")["entries"], 1)
        self.assertEqual({"sender@elsewhere.test"}, senders())

    def test_the_doctor_finds_nothing_that_fails(self):
        done = self.gridmail("doctor", "--json", check=False)
        examined = json.loads(done.stdout)
        self.assertEqual([], [check for check in examined["checks"] if check["passed"] is False])
        by_id = {check["id"]: check for check in examined["checks"]}
        for name in ("dns.records", "port25.in", "port25.out"):  # no public domain, and nobody named to reach
            self.assertTrue(by_id[name]["skipped"] and by_id[name]["detail"], by_id[name])
        self.assertTrue(by_id["certificates"]["warning"])  # a loopback grid has none
        self.assertEqual(1, done.returncode)
        for name in ("node.files", "node.disk", "nodes.clocks", "cli.version"):
            self.assertEqual((name, False), (name, by_id[name]["warning"]))

    def test_the_doctor_tries_a_mail_server_elsewhere(self):
        node = self.grid.living()[0]
        def port_out(reached):
            examined = json.loads(self.gridmail("doctor", "--json", "--reach", reached, check=False).stdout)
            return next(check for check in examined["checks"] if check["id"] == "port25.out")
        answered = port_out(f"{node['host']}:{node['smtp']}")
        self.assertTrue(answered["passed"] and " 220 " in answered["detail"], answered)
        refused = port_out(f"{node['host']}:{node['imap']}")
        self.assertFalse(refused["passed"])
        self.assertIn("* OK", refused["detail"])
        self.assertEqual(2, self.gridmail("doctor", "--reach", "127.0.0.1:1", check=False).returncode)

    def test_drain_gives_primaries_away(self):
        node = self.grid.nodes[2]
        self.json("node", "drain", node["name"])
        try:
            wait_until("no primary on the drained node",
                       lambda: not any(row["primary"] == node["id"] for row in self.json("slot", "list")), 30, 0.5)
            self.assertEqual(503, self.grid.api(node).probe("/readyz")[0])
        finally:
            self.json("node", "undrain", node["name"])
        wait_until("the node is ready again", lambda: self.grid.api(node).probe("/readyz")[0] == 200, 30)
        self.grid.wait_until_whole(60)


class Http(GridCase):
    users_needed = 0

    def test_probes_are_open_and_the_api_is_not(self):
        for node in self.grid.nodes:
            api = self.grid.api(node)
            for path in ("/livez", "/startupz", "/readyz?verbose", "/metrics", "/"):
                self.assertEqual(200, api.probe(path)[0], path)
            self.assertEqual(401, api.probe("/api/v1/status")[0])
            api.token = "wrong"
            with self.assertRaises(ApiError) as refused:
                api.get("/status")
            self.assertEqual(401, refused.exception.status)

    def test_the_admin_logs_in_by_password(self):
        node, admin = self.grid.nodes[0], self.grid.description["admin"]
        passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
        url = f"http://{node['host']}:{node['http']}/api/v1/status"
        passwords.add_password(None, url, admin["user"], admin["password"], is_authenticated=True)
        opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))
        self.assertEqual("healthy", json.load(opener.open(url, timeout=30))["verdict"])

    def test_metrics_have_types_and_no_user_in_a_label(self):
        text = self.grid.api(self.grid.nodes[0]).probe("/metrics")[1]
        self.assertIn("# TYPE gridmail_", text)
        self.assertNotIn("@", text)

    def test_bad_requests_change_nothing(self):
        api = self.grid.api(self.grid.nodes[0])
        for target, body, status in (("/users", {"address": "no-at-sign", "password": "x"}, 400),
                                     ("/users", {"address": "a@nowhere.test", "password": "x"}, 404),
                                     ("/users", {"colour": "red"}, 400), ("/nowhere", {}, 404)):
            with self.subTest(target=target, body=body), self.assertRaises(ApiError) as refused:
                api.post(target, body)
            self.assertEqual(status, refused.exception.status)
