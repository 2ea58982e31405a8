"""Mail for other domains goes where the DNS says; needs port 25 on loopback addresses, so root and nobody else there."""

import email
import email.policy
import json
import os
import smtplib
import sys
import unittest

from grid import ROOT, TIMEOUT, GridCase, LoopbackGrid, imap_login, wait_until

sys.path.insert(0, str(ROOT / "tests/support"))
from fake_dns import FakeDns  # noqa: E402
from mail_sink import MailSink  # noqa: E402

BASE_PORT = int(os.environ.get("GRIDMAIL_MX_PORT", "25100"))
FIRST, SECOND, NOBODY, SIXTH = "127.0.0.31", "127.0.0.32", "127.0.0.33", "::1"


class GridWithDns(LoopbackGrid):
    dns_port = 0

    def _write_config(self, node, smart_host):
        super()._write_config(node, smart_host)
        file = self.dir / node["name"] / "gridmail.toml"
        file.write_text(file.read_text().replace("[outbound]", f'[outbound]\ndns_server = "127.0.0.1:{self.dns_port}"'))


class Mx(GridCase):
    users_needed = 0

    @classmethod
    def setUpClass(cls):
        try:
            cls.sinks = [MailSink(port=25, host=host) for host in (FIRST, SECOND, SIXTH)]
        except OSError as error:
            raise unittest.SkipTest(f"port 25: {error}") from None
        cls.first, cls.second, cls.sixth = cls.sinks
        cls.dns = FakeDns({
            "two.test": {"MX": [(20, "second.two.test"), (10, "first.two.test")]},
            "first.two.test": {"A": [FIRST]},
            "second.two.test": {"A": [SECOND]},
            "down.test": {"MX": [(10, "nobody.down.test"), (20, "second.two.test")]},
            "nobody.down.test": {"A": [NOBODY]},
            "six.test": {"MX": [(10, "mx.six.test")]},
            "mx.six.test": {"AAAA": [SIXTH]},
            "implicit.test": {"A": [SECOND]},
            "alias.test": {"CNAME": ["two.test"]},
            "null.test": {"MX": [(0, "")]},
            "nowhere.test": {"MX": [(10, "missing.test")]},
            "silent.test": "silent",
            "failing.test": "servfail",
        })
        cls.grid = GridWithDns(ROOT / "build/mx-grid")
        cls.grid.dns_port = cls.dns.port
        cls.grid.start_anew(2, base_port=BASE_PORT)
        cls.users = cls.grid.users[:2]

    @classmethod
    def tearDownClass(cls):
        cls.grid.stop()
        cls.dns.close()
        for sink in cls.sinks:
            sink.close()

    def records(self, domain):
        """By type and name, how each is."""
        answer = json.loads(self.gridmail("domain", "dns", domain, "--json"))
        self.assertEqual(domain, answer["domain"])
        return {(row["type"], row["name"]): row for row in answer["records"]}

    def test_a_domain_is_told_what_the_dns_lacks(self):
        domain, silent = "shown.test", "unheard.test"
        for name in (domain, silent):
            self.gridmail("domain", "add", name)
            self.addCleanup(self.gridmail, "domain", "remove", name)
        key = json.loads(self.gridmail("dkim", "add", domain, "--json"))
        states = {record: row["state"] for record, row in self.records(domain).items()}
        self.assertEqual({"missing"}, set(states.values()), states)
        self.dns.records |= {
            "shown.test": {"MX": [(10, "node1.example.test")], "TXT": ["v=spf1 mx -all"]},
            key["record_name"]: {"TXT": [key["record"]]},
            "_dmarc.shown.test": {"TXT": ["v=DMARC1; p=reject"]}, silent: "silent", "_dmarc.unheard.test": "silent"}
        # _imaps._tcp.shown.test and the like, of the node that is asked next.
        services = [name for kind, name in states if kind == "SRV"]
        self.assertIn("_imaps._tcp.shown.test", services)
        self.dns.records |= {name: {"SRV": [(0, 1, self.grid.nodes[1][name[1:name.index(".")]], "node2.example.test")]}
                             for name in services}
        self.dns.records["_pop3s._tcp.shown.test"] = {"SRV": [(0, 1, 1, "node2.example.test")]}
        # A resolver remembers for a while that there was nothing: another node has one of its own.
        answer = json.loads(self.gridmail("domain", "dns", domain, "--json", node=self.grid.nodes[1]))
        states = {(row["type"], row["name"]): row["state"] for row in answer["records"]}
        self.assertEqual("present", states.pop(("TXT", domain)))
        self.assertEqual("present", states.pop(("TXT", key["record_name"])))
        self.assertEqual("wrong", states.pop(("MX", domain)))  # this is node2
        self.assertEqual("wrong", states.pop(("SRV", "_pop3s._tcp.shown.test")))
        self.assertEqual({"present"}, set(states.values()), states)
        self.assertEqual("unknown", self.records(silent)["MX", silent]["state"])

    def submit(self, subject, to, user=0):
        user, node = self.users[user], self.grid.nodes[0]
        with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT, local_hostname="client.test") as smtp:
            smtp.login(user["address"], user["password"])
            smtp.sendmail(user["address"], to, f"Subject: {subject}\r\n\r\ntext\r\n".encode())

    def arrives(self, subject, sink):
        return wait_until(f"{subject} at its server", lambda: sink.received(subject), 30)

    def notified(self, address):
        """What the sender was told about that address: (status, diagnostic)."""
        def look():
            with imap_login(self.grid.nodes[0], self.users[0]) as imap:
                count = int(imap.select("INBOX")[1][0])
                raw = [imap.fetch(str(i + 1), "(BODY.PEEK[])")[1][0][1] for i in range(count)]
            for text in raw:
                status = list(email.message_from_bytes(text, policy=email.policy.default).iter_parts())[1].get_payload()[1]
                if status["Final-Recipient"].endswith(address):
                    return status["Status"], status["Diagnostic-Code"]
            return None
        return wait_until(f"a notification about {address}", look, 30)

    def test_the_best_exchanger_gets_it(self):
        self.submit("best", ["a@two.test"])
        self.arrives("best", self.first)
        self.assertEqual([], self.second.received("best"))

    def test_the_next_one_gets_it_when_the_best_is_down(self):
        self.submit("next", ["a@down.test"])
        self.arrives("next", self.second)

    def test_a_server_is_reached_by_ipv6(self):
        self.submit("six", ["a@six.test"])
        self.arrives("six", self.sixth)
        self.submit("literal six", [f"a@[IPv6:{SIXTH}]"])
        self.arrives("literal six", self.sixth)

    def test_a_domain_without_mx_is_its_own_exchanger(self):
        self.submit("implicit", ["a@implicit.test"])
        self.arrives("implicit", self.second)

    def test_an_alias_of_a_domain_is_followed(self):
        self.submit("alias", ["a@alias.test"])
        self.arrives("alias", self.first)

    def test_an_address_literal_needs_no_dns(self):
        self.submit("literal", [f"a@[{SECOND}]"])
        self.assertEqual([f"a@[{SECOND}]"], self.arrives("literal", self.second)[0].recipients)

    def test_domains_that_take_no_mail_are_refused_at_once(self):
        self.submit("no way", ["a@null.test", "a@missing.test", "a@nowhere.test"])
        self.assertEqual("5.1.10", self.notified("a@null.test")[0])
        self.assertEqual("5.1.2", self.notified("a@missing.test")[0])
        self.assertEqual("5.4.4", self.notified("a@nowhere.test")[0])

    def test_a_dns_that_fails_or_is_silent_leaves_it_in_the_queue(self):
        self.submit("waits", ["a@failing.test", "a@silent.test"])
        self.submit("meanwhile", ["a@two.test"])
        self.arrives("meanwhile", self.first)

        def tried():
            rows = json.loads(self.gridmail("queue", "list", "--json"))
            row = [row for row in rows if "a@failing.test" in row["recipients"]][0]
            return row if row["attempts"] else None
        row = wait_until("an attempt", tried, 30)
        self.assertEqual(["a@failing.test", "a@silent.test"], sorted(row["recipients"]))
        self.gridmail("queue", "remove", row["id"])
