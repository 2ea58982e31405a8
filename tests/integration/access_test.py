"""Who may do what, and who did what: roles, tokens, app passwords, sessions and the audit log, on three nodes."""

import http.client
import imaplib
import json
import poplib
import smtplib
import time

from grid import TIMEOUT, ApiError, GridCase, imap_login, insecure_tls, path_part, wait_until

from grid_api import GridApi

PASSWORD = "a new secret"


class Access(GridCase):
    users_needed = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.address = f"access{time.time_ns()}@{cls.grid.description['domain']}"
        cls.api = cls.grid.api(cls.grid.nodes[0])
        cls.api.post("/users", {"address": cls.address, "password": PASSWORD})
        cls.own = f"/users/{path_part(cls.address)}"

    @classmethod
    def tearDownClass(cls):
        cls.api.call("DELETE", cls.own)

    def tearDown(self):
        self.api.call("PUT", f"{self.own}/role", {"role": "user"})

    @staticmethod
    def of(node, token):
        return GridApi(node["host"], node["http"], token)

    def refused(self, status, call, *arguments):
        with self.assertRaises(ApiError) as refused:
            call(*arguments)
        self.assertEqual(status, refused.exception.status)

    def request(self, node, method, path, body=None, headers=None):
        """Status, answer, header fields; without any other log-in than the headers have."""
        connection = http.client.HTTPConnection(node["host"], node["http"], timeout=TIMEOUT)
        try:
            connection.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), answer.headers
        finally:
            connection.close()

    def log_in(self, node, user, password):
        """Cookie and CSRF token of a new session."""
        status, answer, headers = self.request(node, "POST", "/session", {"user": user, "password": password})
        self.assertEqual(201, status, answer)
        self.assertIn("HttpOnly", headers["Set-Cookie"])
        self.assertIn("SameSite=Strict", headers["Set-Cookie"])
        return {"Cookie": headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": answer["csrf"]}

    def audit(self, *arguments):
        return json.loads(self.gridmail("audit", "list", "--json", *arguments))

    def test_a_browser_is_seen_and_logged_out_from_another_node(self):
        first, second, third = self.grid.nodes[:3]
        mine, other = self.log_in(first, self.address, PASSWORD), self.log_in(second, self.address, PASSWORD)
        self.log_in(third, "admin", self.grid.description["admin"]["password"])
        status, rows, _ = self.request(second, "GET", "/sessions", headers=mine)
        self.assertEqual((200, {self.address}), (status, {row["account"] for row in rows}))
        self.assertEqual({"127.0.0.1"}, {row["address"] for row in rows})
        self.assertEqual([True], [row["current"] for row in rows if row["current"]])
        ids = {row["id"] for row in rows if not row["current"]}
        everybodys = json.loads(self.gridmail("session", "list", "--json"))
        self.assertLess({row["id"] for row in rows}, {row["id"] for row in everybodys})
        admins = next(row["id"] for row in everybodys if row["account"] == "admin")
        self.assertEqual(404, self.request(third, "DELETE", "/sessions/" + admins, headers=mine)[0])
        for each in ids:
            self.assertEqual(200, self.request(third, "DELETE", "/sessions/" + each, headers=mine)[0])
        self.assertEqual(401, self.request(first, "GET", "/session", headers=other)[0])
        self.gridmail("session", "end", next(row["id"] for row in rows if row["current"]))
        self.assertEqual(401, self.request(second, "GET", "/session", headers=mine)[0])

    def test_a_user_sees_where_the_own_mail_lies_and_nothing_else_of_the_grid(self):
        mine = self.log_in(self.grid.nodes[1], self.address, PASSWORD)
        status, location, _ = self.request(self.grid.nodes[1], "GET", self.own + "/location", headers=mine)
        self.assertEqual(200, status)
        names = {node["id"]: node["name"] for node in self.grid.nodes}
        self.assertEqual({node: names[node] for node in location["in_sync"]},
                         {node: name for node, name in location["names"].items() if node in location["in_sync"]})
        self.assertEqual(403, self.request(self.grid.nodes[1], "GET", "/status", headers=mine)[0])

    def test_users_that_come_together_are_one_entry_of_the_audit_log(self):
        tag, domain = time.time_ns(), self.grid.description["domain"]
        addresses = [f"b{tag}{i}@{domain}" for i in range(3)]
        batch = {"users": [{"address": address, "password": "x"} for address in addresses + addresses[:1]]}
        outcomes = self.grid.api(self.grid.nodes[1]).post("/user-batches", batch)
        self.assertEqual(3, len([outcome for outcome in outcomes if "error" not in outcome]))
        rows = [row for row in self.audit("--limit", "50") if str(tag) in row["after"] or str(tag) in row["object"]]
        self.assertEqual([("user import", "3 users")], [(row["verb"], row["object"]) for row in rows])
        self.assertTrue(rows[0]["who"])
        for address in addresses:
            self.gridmail("user", "remove", address)

    def test_the_audit_log_says_who_did_what_on_every_node(self):
        alias = f"a{time.time_ns()}@{self.grid.description['domain']}"
        second = self.grid.nodes[1]
        self.gridmail("alias", "add", alias, self.address, node=second)
        self.gridmail("job", "pause", "balance", node=second)
        self.gridmail("job", "resume", "balance", node=second)
        for node in self.grid.nodes:
            rows = self.grid.api(node).get("/audit?limit=50")
            added = next(row for row in rows if row["object"] == alias)
            self.assertEqual(("alias add", "token first", "127.0.0.1", second["id"], "", self.address),
                             tuple(added[name] for name in ("verb", "who", "address", "node", "before", "after")))
            paused = next(row for row in rows if row["verb"] == "job pause")
            self.assertEqual(("balance", "paused=no", "paused=yes"),
                             tuple(paused[name] for name in ("object", "before", "after")))
            self.assertEqual([row["id"] for row in rows], sorted((row["id"] for row in rows), reverse=True))
        page = self.audit("--limit", "2")
        self.assertEqual([page[-1]["id"] - 1], [row["id"] for row in self.audit("--limit", "1", "--after", str(page[-1]["id"]))])
        self.assertNotIn(PASSWORD, json.dumps(self.audit("--limit", "1000")))

    def test_roles_and_tokens(self):
        names = {role: f"{role}{time.time_ns()}" for role in ("viewer", "operator", "admin")}
        tokens = {role: self.gridmail("token", "add", name, "--role", role, "--expires", "1h").strip()
                  for role, name in names.items()}
        listed = {row["name"]: row for row in json.loads(self.gridmail("token", "list", "--json"))}
        self.assertEqual({"viewer", "operator", "admin"}, {listed[name]["role"] for name in names.values()})
        self.assertNotIn(tokens["viewer"], json.dumps(listed))
        for node in self.grid.nodes:
            viewer, operator, admin = (self.of(node, tokens[role]) for role in ("viewer", "operator", "admin"))
            self.assertIn(viewer.get("/status")["verdict"], ("healthy", "degraded"))
            self.refused(403, viewer.post, "/queue/flush")
            self.assertIn("entries", operator.post("/queue/flush"))
            self.refused(403, operator.post, "/domains", {"name": "nobody.example"})
            self.refused(403, operator.get, "/tokens")
            self.assertEqual("admin", admin.get("/session")["role"])
        for role, name in names.items():
            self.gridmail("token", "remove", name)
            self.refused(401, self.of(self.grid.nodes[1], tokens[role]).get, "/status")

    def test_an_expired_token_is_of_no_use(self):
        name = f"short{time.time_ns()}"
        token = self.gridmail("token", "add", name, "--role", "viewer", "--expires", "2s").strip()
        self.assertEqual("viewer", self.of(self.grid.nodes[2], token).get("/session")["role"])

        def is_over():
            try:
                self.of(self.grid.nodes[2], token).get("/session")
                return False
            except ApiError as refused:
                return refused.status == 401
        wait_until("the token is over", is_over, 20)
        self.gridmail("token", "remove", name)

    def test_a_user_may_change_the_own_password_and_nobody_elses(self):
        node = self.grid.nodes[1]
        session = self.log_in(node, self.address, PASSWORD)
        self.assertEqual(200, self.request(node, "GET", self.own, headers=session)[0])
        self.assertEqual(403, self.request(node, "GET", "/users", headers=session)[0])
        other = f"/users/{path_part(self.grid.users[0]['address'])}/password"
        self.assertEqual(403, self.request(node, "PUT", other, {"password": "x"}, session)[0])
        own, body = f"{self.own}/password", {"password": "next"}
        self.assertEqual(400, self.request(node, "PUT", own, body, session)[0])
        self.assertEqual(403, self.request(node, "PUT", own, body | {"current": "no"}, session)[0])
        self.assertEqual(200, self.request(node, "PUT", own, body | {"current": PASSWORD}, session)[0])
        # With the password the session has ended, everywhere.
        self.assertEqual(401, self.request(self.grid.nodes[2], "GET", self.own, headers=session)[0])
        self.log_in(node, self.address, "next")
        self.api.call("PUT", f"{self.own}/password", {"password": PASSWORD})

    def test_a_session_is_known_to_all_nodes_and_needs_its_token(self):
        first, second, third = self.grid.nodes
        self.gridmail("user", "role", self.address, "operator")
        session = self.log_in(first, self.address, PASSWORD)
        status, who, _ = self.request(second, "GET", "/session", headers={"Cookie": session["Cookie"]})
        self.assertEqual((200, self.address, "operator", session["X-CSRF-Token"]),
                         (status, who["name"], who["role"], who["csrf"]))
        self.assertEqual(403, self.request(third, "POST", "/queue/flush", {}, {"Cookie": session["Cookie"]})[0])
        wrong = session | {"X-CSRF-Token": session["X-CSRF-Token"][::-1]}
        self.assertEqual(403, self.request(third, "POST", "/queue/flush", {}, wrong)[0])
        self.assertEqual(200, self.request(third, "POST", "/queue/flush", {}, session)[0])
        self.assertEqual(403, self.request(third, "POST", "/domains", {"name": "x.example"}, session)[0])
        self.assertEqual(200, self.request(second, "DELETE", "/session", headers=session)[0])
        for node in self.grid.nodes:
            self.assertEqual(401, self.request(node, "GET", "/session", headers=session)[0])
        self.assertEqual(401, self.request(first, "POST", "/session", {"user": self.address, "password": "no"})[0])

    def fits(self, node, service, password):
        """Whether the password lets the user in."""
        user = {"address": self.address, "password": password}
        try:
            if service == "imap":
                with imap_login(node, user):
                    return True
            if service == "pop3":
                pop = poplib.POP3(node["host"], node["pop3"], TIMEOUT)
                try:
                    pop.user(self.address)
                    pop.pass_(password)
                    return True
                finally:
                    pop.close()
            with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT) as smtp:
                smtp.starttls(context=insecure_tls())
                smtp.login(self.address, password)
                return True
        except (imaplib.IMAP4.error, poplib.error_proto, smtplib.SMTPAuthenticationError):
            return False

    def test_an_app_password_is_for_its_protocols_only(self):
        password = self.gridmail("user", "app-password", "add", self.address, "--name", "phone",
                                 "--protocols", "imap,smtp").strip()
        for node in self.grid.nodes:
            self.assertTrue(self.fits(node, "imap", password))
            self.assertTrue(self.fits(node, "smtp", password))
        node = self.grid.nodes[1]
        self.assertFalse(self.fits(node, "pop3", password))
        self.assertTrue(self.fits(node, "pop3", PASSWORD))
        status, _, _ = self.request(node, "POST", "/session", {"user": self.address, "password": password})
        self.assertEqual(401, status)
        listed = json.loads(self.gridmail("user", "app-password", "list", self.address, "--json"))
        self.assertEqual([("phone", ["imap", "smtp"])], [(row["name"], row["protocols"]) for row in listed])
        self.gridmail("user", "app-password", "remove", self.address, "--name", "phone")
        self.assertFalse(self.fits(node, "imap", password))

    def test_a_user_makes_app_passwords_without_help(self):
        node = self.grid.nodes[2]
        session = self.log_in(node, self.address, PASSWORD)
        path = f"{self.own}/app-passwords"
        wanted = {"name": "laptop", "protocols": ["pop3"]}
        self.assertEqual(400, self.request(node, "POST", path, wanted, session)[0])
        self.assertEqual(403, self.request(node, "POST", path, wanted | {"current": "no"}, session)[0])
        status, made, _ = self.request(node, "POST", path, wanted | {"current": PASSWORD}, session)
        self.assertEqual(201, status, made)
        self.assertTrue(self.fits(self.grid.nodes[0], "pop3", made["password"]))
        self.assertEqual(200, self.request(node, "DELETE", f"{path}/laptop", headers=session)[0])
        row = next(row for row in self.audit() if row["verb"] == "user app-password add" and "laptop" in row["object"])
        self.assertEqual((self.address, f"{self.address} laptop", "protocols=pop3"),
                         (row["who"], row["object"], row["after"]))
        self.assertNotIn(made["password"], json.dumps(self.audit()))
