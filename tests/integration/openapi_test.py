"""What the OpenAPI document says against what nodes of a real grid answer: every GET, and the writes that change no node. Fields that are
not described count as wrong, too."""

import copy
import http.client
import json
import pathlib
import smtplib
import tempfile
import urllib.parse
import uuid

import jsonschema

from certificates import make_certificate
from grid import TIMEOUT, GridCase, imap_login, wait_until

# Goes on for ten minutes.
STREAMS = ("/api/v1/events",)


class Described(GridCase):
    users_needed = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls.grid.api(cls.grid.nodes[0]).get("/openapi.json")
        cls.strict = copy.deepcopy(cls.document["components"])
        for schema in cls.strict["schemas"].values():
            if "properties" in schema:
                schema["additionalProperties"] = False

    def setUp(self):
        super().setUp()
        self.seen = set()

    def send(self, method, target, body=None, node=None, headers=None):
        """Status, media type and bytes."""
        node = node or self.grid.nodes[0]
        connection = http.client.HTTPConnection(node["host"], node["http"], timeout=60)
        fields = {"Authorization": "Bearer " + self.grid.description["admin"]["token"], "Content-Type": "application/json",
                  **(headers or {})}
        try:
            connection.request(method, target, None if body is None else json.dumps(body), fields)
            answer = connection.getresponse()
            is_stream = any(target.startswith(path) for path in STREAMS)
            return answer.status, answer.headers.get_content_type(), b"" if is_stream else answer.read()
        finally:
            connection.close()

    def check_schema(self, schema, value, what):
        validator = jsonschema.Draft202012Validator({**schema, "components": self.strict},
                                                    format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        wrong = [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]
        self.assertEqual([], wrong, what)

    def ask(self, method, pattern, body=None, query="", headers=None, **parameters):
        """The answer to a request, both as described."""
        operation = self.document["paths"][pattern][method.lower()]
        what = f"{method} {pattern}"
        self.seen.add(what)
        if body is not None and "requestBody" in operation:
            self.check_schema(operation["requestBody"]["content"]["application/json"]["schema"], body, what + " is sent")
        target = pattern
        for name, value in parameters.items():
            target = target.replace("{" + name + "}", urllib.parse.quote(str(value), safe=""))
        self.assertNotIn("{", target)
        status, media_type, text = self.send(method, target + query, body, headers=headers)
        declared = operation["responses"]
        answer = declared.get(str(status), declared["default"])
        self.assertTrue(str(status) in declared or status >= 400, f"{what} gives {status}, which is not described")
        if media_type in ("application/json", "application/problem+json"):
            value = json.loads(text)
            self.assertIn(media_type, answer["content"], what)
            self.check_schema(answer["content"][media_type].get("schema", {}), value, f"{what} gives {status}")
        else:
            value = text.decode()
            self.assertTrue(media_type in answer["content"] or "*/*" in answer["content"], (what, media_type))
        return status, value

    def done(self, method, pattern, body=None, **options):
        status, value = self.ask(method, pattern, body, **options)
        self.assertIn(status, (200, 201), (method, pattern, value))
        return value

    def test_the_document_is_sound(self):
        self.assertEqual("3.1.0", self.document["openapi"])
        schemas = self.document["components"]["schemas"]
        for schema in schemas.values():
            jsonschema.Draft202012Validator.check_schema(schema)
        ids = [operation["operationId"] for path in self.document["paths"].values() for operation in path.values()]
        self.assertEqual(len(ids), len(set(ids)))
        for name in set(part.split('"')[0] for part in json.dumps(self.document).split("#/components/schemas/")[1:]):
            self.assertIn(name, schemas)

    def make_something_of_each(self):
        """Names for what paths name: of each kind one is there."""
        tag = uuid.uuid4().hex[:10]
        names = {"domain": f"o{tag}.test", "route": f"r{tag}.test", "alias": f"a{tag}@{self.grid.description['domain']}",
                 "list": f"l{tag}@{self.grid.description['domain']}", "user": self.user["address"], "tag": tag}
        users = "/api/v1/users/{address}"
        other = next(user["address"] for user in self.grid.users if user != self.user)
        remove = self.addCleanup
        self.done("POST", "/api/v1/domains", {"name": names["domain"]})
        remove(lambda: self.done("DELETE", "/api/v1/domains/{name}", name=names["domain"]))
        self.done("PUT", "/api/v1/domains/{name}/catch-all", {"address": names["user"]}, name=names["domain"])
        self.done("POST", "/api/v1/aliases", {"address": names["alias"], "target": names["user"]})
        remove(lambda: self.done("DELETE", "/api/v1/aliases/{address}", address=names["alias"]))
        self.done("POST", "/api/v1/lists", {"address": names["list"], "members": [names["user"], "who@elsewhere.test"]})
        remove(lambda: self.done("DELETE", "/api/v1/lists/{address}", address=names["list"]))
        self.done("POST", "/api/v1/lists/{address}/members", {"add": ["two@elsewhere.test"], "remove": []}, address=names["list"])
        self.done("PUT", "/api/v1/routes/{domain}", {"via": "smtp:127.0.0.1:1", "tls": "opportunistic"}, domain=names["route"])
        remove(lambda: self.done("DELETE", "/api/v1/routes/{domain}", domain=names["route"]))
        self.done("PUT", users + "/forwarding", {"to": ["who@elsewhere.test"], "only": False}, address=names["user"])
        remove(lambda: self.done("PUT", users + "/forwarding", {"to": []}, address=names["user"]))
        self.done("PUT", users + "/delegates", {"delegates": [other]}, address=names["user"])
        remove(lambda: self.done("PUT", users + "/delegates", {}, address=names["user"]))
        self.done("POST", users + "/app-passwords", {"name": "p" + tag, "protocols": ["imap"]}, address=names["user"])
        remove(lambda: self.done("DELETE", users + "/app-passwords/{name}", address=names["user"], name="p" + tag))
        self.done("POST", "/api/v1/tokens", {"name": "t" + tag, "role": "viewer", "expires_seconds": 600})
        remove(lambda: self.done("DELETE", "/api/v1/tokens/{name}", name="t" + tag))
        key = self.done("POST", "/api/v1/domains/{name}/dkim-keys", {"algorithm": "ed25519"}, name=names["domain"])
        names["selector"] = key["selector"]
        self.done("POST", "/api/v1/config-versions", {"diff": f"~ nothing {tag}\n"})
        names["version"] = self.done("GET", "/api/v1/config-versions")[-1]["id"]
        with tempfile.TemporaryDirectory() as folder:
            certificate, private, _ = make_certificate(pathlib.Path(folder), f"c{tag}.test")
            self.done("PUT", "/api/v1/certificates", {"certificate": certificate.read_text(), "key": private.read_text()})
        remove(lambda: self.done("DELETE", "/api/v1/certificates/{name}", name=f"c{tag}.test"))
        return names

    def queue_something(self, names):
        """A message that waits, as nothing listens where it goes."""
        node = self.grid.nodes[0]
        with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT) as smtp:
            smtp.login(self.user["address"], self.user["password"])
            smtp.sendmail(self.user["address"], ["x@" + names["route"]], b"Subject: waits\r\n\r\nand waits\r\n")
        rows = wait_until("a queue entry that was tried", lambda: [
            row for row in self.done("GET", "/api/v1/queue", query="?destination=" + names["route"]) if row["last_error"]], TIMEOUT)
        self.addCleanup(lambda: self.done("DELETE", "/api/v1/queue/{id}", id=rows[0]["id"]))
        return rows[0]["id"]

    def test_every_get_answers_as_described(self):
        names = self.make_something_of_each()
        with imap_login(self.grid.nodes[0], self.user):
            pass  # a last log-in
        entry = self.queue_something(names)
        self.done("GET", "/api/v1/trace/{what}", what=entry)
        parameters = {"/api/v1/domains/": {"name": names["domain"]}, "/api/v1/aliases/": {"address": names["alias"]},
                      "/api/v1/lists/": {"address": names["list"]}, "/api/v1/routes/": {"domain": names["route"]},
                      "/api/v1/users/": {"address": names["user"]}, "/api/v1/config-versions/": {"id": names["version"]},
                      "/api/v1/trace/": {"what": names["user"]}, "/dashboard/": {"file": "dashboard.js"}}
        wait_until("a day's statistics", lambda: self.done("GET", "/api/v1/statistics"), TIMEOUT)
        log_in = {"user": self.user["address"], "password": self.user["password"]}
        self.assertEqual(201, self.ask("POST", "/api/v1/session", log_in, headers={"Authorization": ""})[0])
        user = urllib.parse.quote(names["user"])
        query = {"/api/v1/lookup": "?key=" + user, "/nginx-auth": "",
                 "/mail/config-v1.1.xml": "?emailaddress=" + user,
                 "/.well-known/autoconfig/mail/config-v1.1.xml": "?emailaddress=" + user, "/mail.mobileconfig": "?email=" + user,
                 "/autodiscover/autodiscover.json": "?Protocol=AutodiscoverV1&Email=" + user}
        empty = []
        for pattern, operations in self.document["paths"].items():
            if "get" not in operations:
                continue
            given = next((values for start, values in parameters.items() if pattern.startswith(start)), {})
            status, value = self.ask("GET", pattern, query=query.get(pattern, ""), **given)
            # nginx has a network that it may ask from.
            self.assertEqual(403 if pattern == "/nginx-auth" else 200, status, (pattern, str(value)[:300]))
            if value == []:
                empty.append(pattern)
        # A list without rows has shown nothing of them.
        self.assertLessEqual(set(empty), {"/api/v1/jobs"})
        self.done("GET", "/api/v1/figures", query="?window=day")
        for subject in ("user", "domain", "protocol"):
            self.done("GET", "/api/v1/statistics", query="?by=" + subject)

    def test_writes_answer_as_described(self):
        domain, tag = self.grid.description["domain"], uuid.uuid4().hex[:10]
        address = f"w{tag}@{domain}"
        user = {"address": address}
        self.done("POST", "/api/v1/users", {"address": address, "password": "a password"})
        self.assertEqual(409, self.ask("POST", "/api/v1/users", {"address": address, "password": "a password"})[0])
        batch = {"users": [{"address": address, "password": "x"}, {"address": f"v{tag}@{domain}", "password": "y"}]}
        outcomes = self.done("POST", "/api/v1/user-batches", batch)
        self.assertEqual([True, False], ["error" in outcome for outcome in outcomes])
        users = "/api/v1/users/{address}"
        self.done("PUT", users + "/password", {"password": "another"}, **user)
        self.done("PUT", users + "/role", {"role": "viewer"}, **user)
        status, session = self.ask("POST", "/api/v1/session", {"user": address, "password": "another"}, headers={"Authorization": ""})
        self.assertEqual(201, status, session)
        mine = [row for row in self.done("GET", "/api/v1/sessions") if row["account"] == address]
        self.done("DELETE", "/api/v1/sessions/{id}", id=mine[0]["id"])
        for one in (address, f"v{tag}@{domain}"):
            self.done("DELETE", users, address=one)
        self.done("POST", "/api/v1/admins", {"name": "o" + tag, "password": "x"})
        self.done("PUT", "/api/v1/admins/{name}/password", {"password": "y"}, name="o" + tag)
        self.done("DELETE", "/api/v1/admins/{name}", name="o" + tag)
        self.done("POST", "/api/v1/join-tokens", {"ttl_seconds": 60})
        settings = self.done("GET", "/api/v1/settings")
        self.done("PUT", "/api/v1/settings", {"scrub_days": settings["scrub_days"]})
        self.done("POST", "/api/v1/queue/flush", {})
        self.done("POST", "/api/v1/queue/hold", {"destination": f"d{tag}.test"})
        self.done("POST", "/api/v1/queue/release", {"destination": f"d{tag}.test"})
        self.done("POST", "/api/v1/queue/remove", {"destination": f"d{tag}.test"})
        self.done("POST", "/api/v1/scrub")
        names = self.make_something_of_each()
        keys = {"name": names["domain"], "selector": names["selector"]}
        for action in ("activate", "retire"):
            self.done("POST", "/api/v1/domains/{name}/dkim-keys/{selector}/" + action, **keys)
        self.done("DELETE", "/api/v1/domains/{name}/dkim-keys/{selector}", **keys)
        self.done("DELETE", "/api/v1/domains/{name}/catch-all", name=names["domain"])
        self.assertEqual(400, self.ask("POST", "/api/v1/nodes/{node}/maintenance", {"seconds": 10 ** 9}, node=self.grid.nodes[0]["id"])[0])
        self.assertEqual(404, self.ask("POST", "/api/v1/jobs/{id}/pause", id="no-such")[0])
