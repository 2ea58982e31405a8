"""The HTTP API's manners: pages, entity tags, idempotency keys, limits, statistics, configuration as a file; and odd input."""

import concurrent.futures
import http.client
import json
import random
import smtplib
import threading
import urllib.parse
import uuid

from grid import TIMEOUT, GridCase, imap_login, wait_until

SEED, TRIES_PER_ROUTE = 5, 12


class Client:
    """One connection to a node's API."""

    def __init__(self, grid, node):
        self.headers = {"Authorization": "Bearer " + grid.description["admin"]["token"]}
        self.connection = http.client.HTTPConnection(node["host"], node["http"], timeout=60)

    def ask(self, method, target, body=None, **headers):
        """Status, headers and text."""
        fields = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.connection.request(method, target, json.dumps(body) if isinstance(body, (dict, list)) else body, fields)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")

    def close(self):
        self.connection.close()


class Manners(GridCase):
    users_needed = 1

    def client(self, which=0):
        client = Client(self.grid, self.grid.nodes[which])
        self.addCleanup(client.close)
        return client

    def domain(self):
        """A domain of this test alone."""
        name = f"d{uuid.uuid4().hex[:12]}.test"
        self.grid.api(self.grid.nodes[0]).post("/domains", {"name": name})
        self.addCleanup(lambda: self.gridmail("domain", "remove", name, check=False))
        return name

    def test_a_list_is_whole_by_pages_and_by_the_command(self):
        client, target, rows = self.client(), "/api/v1/users?limit=7", []
        while target:
            status, headers, text = client.ask("GET", target)
            self.assertEqual(200, status)
            page = json.loads(text)
            self.assertLessEqual(len(page), 7)
            rows += [row["address"] for row in page]
            link = headers.get("Link", "")
            target = link[1:link.index(">")] if link else None
        self.assertEqual(len(rows), len(set(rows)))
        listed = [row["address"] for row in json.loads(self.gridmail("user", "list", "--json"))]
        self.assertLessEqual({user["address"] for user in self.grid.users}, set(rows))
        self.assertEqual(sorted(set(listed) & set(rows)), sorted(user for user in rows if user in listed))

    def test_of_many_changes_to_what_was_seen_one_is_made(self):
        name = self.domain()
        target = f"/api/v1/domains/{name}"
        clients = [self.client(which) for which in range(3)]
        status, headers, _ = clients[0].ask("GET", target)
        self.assertEqual(200, status)
        tag = headers["ETag"]
        self.assertEqual(304, clients[0].ask("GET", target, If_None_Match=tag)[0])
        everyone = threading.Barrier(3)

        def change(which):
            everyone.wait(TIMEOUT)
            return clients[which].ask("PUT", target + "/catch-all", {"address": f"who{which}@elsewhere.test"}, If_Match=tag)[0]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            statuses = sorted(pool.map(change, range(3)))
        self.assertEqual([200, 412, 412], statuses)
        _, headers, _ = clients[1].ask("GET", target)
        self.assertNotEqual(tag, headers["ETag"])
        self.assertEqual(412, clients[2].ask("DELETE", target, If_Match=tag)[0])
        self.assertEqual(200, clients[2].ask("DELETE", target, If_Match=headers["ETag"])[0])

    def test_a_request_with_a_key_is_made_once_through_whichever_node(self):
        key, body = str(uuid.uuid4()), {"name": f"k{uuid.uuid4().hex[:12]}.test"}
        self.addCleanup(lambda: self.gridmail("domain", "remove", body["name"], check=False))
        clients = [self.client(which) for which in range(3)]
        first = clients[0].ask("POST", "/api/v1/domains", body, Idempotency_Key=key)
        again = clients[1].ask("POST", "/api/v1/domains", body, Idempotency_Key=key)
        self.assertEqual((201, first[2]), (again[0], again[2]))
        self.assertEqual("true", again[1]["Idempotency-Replayed"])
        self.assertEqual(422, clients[2].ask("POST", "/api/v1/domains", {"name": "other.test"}, Idempotency_Key=key)[0])
        secret = str(uuid.uuid4())
        self.assertEqual(201, clients[0].ask("POST", "/api/v1/join-tokens", {}, Idempotency_Key=secret)[0])
        status, _, text = clients[1].ask("POST", "/api/v1/join-tokens", {}, Idempotency_Key=secret)
        self.assertEqual(409, status)
        self.assertNotIn("token\"", text)

    def test_a_principal_that_asks_too_often_is_told_when_to_come_back(self):
        self.addCleanup(lambda: wait_until("the limit is gone", self.no_limit, 60, 0.5))
        client = self.client()
        status, headers, _ = client.ask("GET", "/api/v1/routes")
        self.assertEqual((200, None), (status, headers.get("RateLimit-Limit")))
        client.ask("PUT", "/api/v1/settings", {"limits": "requests-per-user=40/10s"})
        wait_until("the limit is known", lambda: client.ask("GET", "/api/v1/routes")[1].get("RateLimit-Limit") == "40", 20)
        for _ in range(200):
            status, headers, _ = client.ask("GET", "/api/v1/routes")
            if status == 429:
                break
        self.assertEqual(429, status)
        self.assertLess(0, int(headers["Retry-After"]))
        self.assertEqual("0", headers["RateLimit-Remaining"])
        self.assertEqual(200, client.ask("GET", "/livez")[0])

    def no_limit(self):
        """Ends the limit; whether every node knows."""
        self.gridmail("grid", "settings", "--limits", "none", check=False)
        answers = [self.client(which).ask("GET", "/api/v1/routes") for which in range(3)]
        return all(status == 200 and "RateLimit-Limit" not in headers for status, headers, _ in answers)

    def test_log_ins_are_in_the_statistics_and_with_the_user(self):
        with imap_login(self.grid.nodes[1], self.user) as imap:
            imap.select("INBOX")
        address = self.user["address"]

        def last():
            return json.loads(self.gridmail("user", "show", address, "--json"))["last_log_in"]
        wait_until("the log-in is known", lambda: "imap" in last(), 30)
        for by, subject in (("user", address), ("domain", address.split("@")[1])):
            rows = [row for row in json.loads(self.gridmail("statistics", "--by", by, "--json"))
                    if row[by] == subject and row["protocol"] == "imap"]
            self.assertEqual(1, len(rows), by)
            self.assertLess(0, rows[0]["log_ins"])
            self.assertLess(0, rows[0]["bytes_out"])
        status, headers, text = self.client().ask("GET", "/api/v1/statistics", Accept="text/csv")
        self.assertEqual(200, status)
        self.assertTrue(headers["Content-Type"].startswith("text/csv"))
        self.assertTrue(text.startswith("day,protocol,log_ins"))

    def test_log_ins_to_the_api_are_counted_and_rows_are_had_of_one_user(self):
        client, address = Client(self.grid, self.grid.nodes[1]), self.user["address"]
        self.addCleanup(client.close)
        client.headers = {"Content-Type": "application/json"}

        def wrong_passwords():
            return sum(self.grid.api(self.grid.nodes[0]).get("/figures")["spans"]["wrong_passwords"])
        before = wrong_passwords()
        for password, status in ((self.user["password"], 201), ("wrong", 401)):
            self.assertEqual(status, client.ask("POST", "/api/v1/session", {"user": address, "password": password})[0])

        def rows(**query):
            status, _, text = self.client().ask("GET", "/api/v1/statistics?" + urllib.parse.urlencode(query))
            self.assertEqual(200, status, text)
            return json.loads(text)
        of_user = {"by": "user", "of": address, "protocol": "http"}
        wait_until("the log-in is counted", lambda: rows(**of_user), 30)
        self.assertEqual([(address, "http")], [(row["user"], row["protocol"]) for row in rows(**of_user)])
        self.assertLess(0, rows(**of_user)[0]["log_ins"])
        wait_until("and the refused one, as the user's", lambda: rows(**of_user)[0]["refused_log_ins"], 30)
        self.assertLess(0, rows(by="protocol", protocol="http")[0]["refused_log_ins"])
        wait_until("the first screen's figures count it too", lambda: wrong_passwords() > before, 30)
        domain = address.split("@")[1]
        self.assertEqual({domain}, {row["domain"] for row in rows(by="domain", of=domain.upper())})
        for query, status in (("by=user&of=nobody%40" + domain, 404), ("by=domain&of=..", 400), ("protocol=carrier-pigeon", 400)):
            self.assertEqual(status, self.client().ask("GET", "/api/v1/statistics?" + query)[0], query)

    def test_what_waits_is_summed_up_by_destination(self):
        domain, messages, api = f"d{uuid.uuid4().hex[:12]}.test", 12, self.grid.api(self.grid.nodes[2])
        api.call("PUT", f"/routes/{domain}", {"via": "smtp:127.0.0.1:1", "tls": "opportunistic"})
        self.addCleanup(lambda: api.call("DELETE", f"/routes/{domain}"))
        self.addCleanup(lambda: api.post("/queue/remove", {"destination": domain}))
        node, address = self.grid.nodes[0], self.user["address"]
        with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT) as smtp:
            smtp.login(address, self.user["password"])
            for number in range(messages):
                smtp.sendmail(address, f"a{number}@{domain}", b"Subject: x\r\n\r\nx\r\n")

        def counted():
            summary = api.get("/queue/summary")
            return [summary] if {"destination": domain, "entries": messages} in [
                {name: one[name] for name in ("destination", "entries")} for one in summary["destinations"]] else None
        summary = wait_until("all that waits is counted", counted, 60, 0.5)[0]
        self.assertGreaterEqual(summary["entries"], messages)
        self.assertEqual((summary["slots"], []), (summary["slots_counted"], summary["silent"]))
        self.assertIsNotNone(summary["oldest"])

    def test_a_grid_becomes_what_a_file_says(self):
        name = self.domain()
        alias = f"info@{name}"
        self.addCleanup(lambda: self.gridmail("alias", "remove", alias, check=False))
        file = f'[domains."{name}"]\ncatch_all = "{self.user["address"]}"\n[aliases]\n"{alias}" = "{self.user["address"]}"\n'
        planned = json.loads(self.gridmail("apply", "-f", "-", "--dry-run", "--json", stdin=file))
        self.assertFalse(planned["applied"])
        self.assertEqual([f"+ alias {alias}: {self.user['address']}", f"+ catch-all of {name}: {self.user['address']}"],
                         planned["changes"])
        self.assertNotIn(alias, self.gridmail("config", "show"))
        done = json.loads(self.gridmail("apply", "--file", "-", "--json", stdin=file))
        self.assertEqual((True, planned["changes"]), (done["applied"], done["changes"]))
        self.assertIn(f'"{alias}" = "{self.user["address"]}"', self.gridmail("config", "show"))
        newest = json.loads(self.gridmail("config", "history", "--json"))[-1]
        self.assertEqual(2, newest["changes"])
        self.assertEqual("\n".join(planned["changes"]) + "\n", self.gridmail("config", "diff", str(newest["id"])))
        again = json.loads(self.gridmail("apply", "-f", "-", "--json", stdin=file))
        self.assertEqual([], again["changes"])
        whole = self.gridmail("config", "show")
        self.assertEqual([], json.loads(self.gridmail("apply", "-f", "-", "--prune", "--dry-run", "--json", stdin=whole))["changes"])


class OddInput(GridCase):
    """Every route of the OpenAPI document, with odd input: an answer that says what is wrong, and no 5xx of the node's own."""

    users_needed = 0
    # What does the whole of its work whatever it is sent.
    TRIED_ONCE = ("/keys/rotate", "/scrub")
    # Those without an end: their beginning.
    STREAMS = ("/events",)
    # What moves a node is asked of a real one, too, where the body says how: with none that could be right.
    OF_A_REAL_NODE = {"weight": [-1, 0.5, 2 ** 63, 1e300, "1", None, [], {}], "zone": [None, 5, True, [], {}, "x" * 5000],
                      "maintenance": [-1, 1e300, "x", None, []], "replace": ["", "nobody", "\u0000", 5, None, {}]}
    FIELD_OF = {"weight": "weight", "zone": "zone", "maintenance": "seconds", "replace": "with"}

    def odd_texts(self, chance):
        return chance.choice(["", "0", "-1", "%00", "%FF", "%zz", "..", "a" * 3000, "%C3%B6@%C3%B6.test", "x@", "@", "'\"<>", "null",
                              "%F0%9F%92%A9", "a%2Fb", "1e999", "x" * 250 + "@y.test", str(2 ** 64), urllib.parse.quote("\r\nX: y")])

    def odd_body(self, chance):
        odd = ["", 0, -1, 2 ** 63, 1e300, True, None, [], {}, "x" * 5000, "\u0000", "\ud83d\ude00", ["x"], [None], [[[]]], {"a": {}}, "a@b"]
        fields = ["address", "password", "name", "alias_of", "target", "members", "add", "remove", "to", "only", "delegates", "via", "tls",
                  "limits", "copies", "users", "diff", "ttl_seconds", "certificate", "key", "algorithm", "selector", "colour"]
        kind = chance.random()
        if kind < 0.2:
            return chance.choice([b"", b"{", b"\xff\xfe", b"[1,", b"nul", b"\"", b"[" * 5000, b"{}" * 3, b"1" * 400])
        if kind < 0.3:
            return json.dumps(chance.choice(odd)).encode()
        return json.dumps({field: chance.choice(odd) for field in chance.sample(fields, chance.randrange(4))}).encode()

    def test_no_route_fails_over_odd_input(self):
        chance = random.Random(SEED)
        client = Client(self.grid, self.grid.nodes[0])
        self.addCleanup(client.close)
        paths = json.loads(client.ask("GET", "/api/v1/openapi.json")[2])["paths"]
        nodes_before, asked = self.nodes(client), 0
        for pattern, operations in paths.items():
            if pattern.endswith(self.STREAMS):
                continue
            for method in operations:
                for _ in range(1 if pattern.endswith(self.TRIED_ONCE) else TRIES_PER_ROUTE):
                    self.ask_oddly(client, chance, method.upper(), pattern)
                    asked += 1
        for what, values in self.OF_A_REAL_NODE.items():
            pattern = "/api/v1/nodes/{node}/" + what
            method = next(iter(paths[pattern])).upper()
            for value in values:
                for body in ({self.FIELD_OF[what]: value}, {self.FIELD_OF[what]: value, "colour": 1}):
                    path = pattern.replace("{node}", self.grid.nodes[1]["id"])
                    status = self.ask(client, method, path, json.dumps(body).encode(), {})
                    self.assertIn(status // 100, (4,), (path, body))
        self.assertLess(500, asked)
        self.assertEqual(nodes_before, self.nodes(client))
        self.assertEqual(200, client.ask("GET", "/readyz")[0])

    def test_streams_answer_odd_requests_too(self):
        node = self.grid.nodes[0]
        for number in ("", "-1", "x", "1e999", str(2 ** 64), "0" * 5000, "\xff"):
            for query in ("", "?window=%00", "?" + "a" * 3000):
                with self.subTest(number=number[:20], query=query[:20]):
                    connection = http.client.HTTPConnection(node["host"], node["http"], timeout=TIMEOUT)
                    self.addCleanup(connection.close)
                    connection.request("GET", "/api/v1/events" + query, headers={
                        "Authorization": "Bearer " + self.grid.description["admin"]["token"], "Last-Event-ID": number})
                    answer = connection.getresponse()
                    self.assertIn(answer.status, (200, 400, 431))
                    if answer.status == 200:
                        self.assertTrue(answer.readline())
                    connection.close()

    @staticmethod
    def nodes(client):
        rows = json.loads(client.ask("GET", "/api/v1/nodes")[2])
        return [[row[field] for field in ("id", "member_state", "zone", "weight", "maintenance_until")] for row in rows]

    def ask_oddly(self, client, chance, method, pattern):
        path = pattern
        while "{" in path:
            path = path[:path.index("{")] + self.odd_texts(chance) + path[path.index("}") + 1:]
        names = ("limit", "after", "by", "from", "to", "key", "window", "destination", "emailaddress", "verbose",
                 "of", "protocol", "sender", "dry_run", "email", "Protocol")
        query = "&".join(f"{name}={self.odd_texts(chance)}" for name in chance.sample(names, chance.randrange(3)))
        odd_headers = {"If-Match": chance.choice(['"', 'W/"x"', '"x"', "*", "x" * 900]), "If-None-Match": chance.choice(['"', "*", ","]),
                       "Idempotency-Key": chance.choice(["k", "k" * 300, '"']), "Accept": chance.choice(["text/csv", "*/*", ";;"])}
        headers = {name: odd_headers[name] for name in chance.sample(sorted(odd_headers), chance.randrange(3))}
        body = None if method == "GET" else self.odd_body(chance)
        self.ask(client, method, path + ("?" + query if query else ""), body, headers)

    def ask(self, client, method, target, body, headers):
        with self.subTest(method=method, target=target[:300], headers=headers, body=str(body)[:300]):
            try:
                status, fields, text = client.ask(method, target, body, **headers)
            except (http.client.HTTPException, OSError) as error:
                client.close()
                self.fail(f"no answer: {error!r}")
            self.assertNotIn(status, (500, 502, 504), text[:500])
            if status >= 400 and fields.get("Content-Type") == "application/problem+json":
                self.assertEqual(status, json.loads(text)["status"])
            return status
        return 0
