"""Mail for other domains leaves a grid of three through a smart host, whatever that answers and whoever dies."""

import base64
import email
import email.policy
import itertools
import json
import os
import smtplib
import ssl
import subprocess
import sys
import threading
import time

from grid import ROOT, TIMEOUT, GridCase, LoopbackGrid, imap_login, insecure_tls, wait_until

sys.path.insert(0, str(ROOT / "tests/support"))
from mail_sink import MailSink  # noqa: E402

BASE_PORT = int(os.environ.get("GRIDMAIL_OUTBOUND_PORT", "25000"))
MESSAGES = 60


def self_signed_certificate(folder, name):
    """Certificate and key in PEM, for that name only."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", folder / "key.pem",
                    "-out", folder / "certificate.pem"], check=True, capture_output=True)
    return folder / "certificate.pem", folder / "key.pem"


class Outbound(GridCase):
    users_needed = 0

    @classmethod
    def setUpClass(cls):
        cls.rules = {}
        cls.certificate, cls.key = self_signed_certificate(ROOT / "build/outbound-certificate", "localhost")
        os.environ["SSL_CERT_FILE"] = str(cls.certificate)  # the system's roots, as the nodes see them
        cls.sink = MailSink(lambda stage, argument: cls.answer(stage, argument))
        cls.grid = LoopbackGrid(ROOT / "build/outbound-grid")
        cls.grid.start_anew(3, base_port=BASE_PORT, smart_host=f"127.0.0.1:{cls.sink.port}")
        cls.users = cls.grid.users[:4]

    @classmethod
    def tearDownClass(cls):
        cls.grid.stop()
        cls.sink.close()
        del os.environ["SSL_CERT_FILE"]

    @classmethod
    def answer(cls, stage, argument):
        rule = cls.rules.get(stage)
        return rule(argument) if rule else None

    def setUp(self):
        super().setUp()
        self.rules.clear()

    def json(self, *arguments, **options):
        return json.loads(self.gridmail(*arguments, "--json", **options))

    def submit(self, subject, to, user=0, node=0, body="text\r\n", sender=None, options=(), rcpt_options=()):
        user, node = self.users[user], self.grid.nodes[node]
        with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT, local_hostname="client.test") as smtp:
            smtp.login(user["address"], user["password"])
            text = f"From: <{user['address']}>\r\nSubject: {subject}\r\n\r\n{body}"
            smtp.sendmail(user["address"] if sender is None else sender, to, text.encode(), options, rcpt_options)

    def inbox(self, user=0, node=0):
        """All messages, parsed."""
        with imap_login(self.grid.nodes[node], self.users[user]) as imap:
            count = int(imap.select("INBOX")[1][0])
            raw = [imap.fetch(str(i + 1), "(BODY.PEEK[])")[1][0][1] for i in range(count)]
        return [email.message_from_bytes(text, policy=email.policy.default) for text in raw]

    def speaking(self, *extensions):
        """The smart host announces these, to all connections that send from here on."""
        before, self.sink.extensions = self.sink.extensions, list(extensions)
        self.addCleanup(setattr, self.sink, "extensions", before)
        time.sleep(6)  # until connections that are kept for the next message are closed

    def queued(self, address):
        """The id of what waits for that address."""
        rows = [row for row in self.json("queue", "list") if address in row["recipients"]]
        return rows[0] if rows else None

    def arrives(self, subject, seconds=30):
        return wait_until(f"{subject} at the smart host", lambda: self.sink.received(subject), seconds)

    def test_a_message_goes_out_as_it_was_submitted(self):
        body = "first\r\n.\r\n..two dots\r\n.hidden\r\n\r\nlast\r\n"
        self.submit("plain", ["far@elsewhere.test", "farther@Elsewhere.TEST"], body=body)
        message, = self.arrives("plain")
        self.assertEqual(["far@elsewhere.test", "farther@elsewhere.test"], message.recipients)
        self.assertTrue(message.sender.upper().startswith(f"FROM:<{self.users[0]['address'].upper()}>"))
        self.assertTrue(message.data.endswith(body.encode()))
        self.assertTrue(message.data.startswith(b"Received: "), message.data[:80])
        self.assertNotIn(b"Return-Path", message.data)
        wait_until("an empty queue", lambda: not self.json("queue", "list"), 10)

    def test_who_is_here_and_who_is_elsewhere_both_get_it(self):
        self.submit("both", [self.users[1]["address"], "far@elsewhere.test"])
        self.arrives("both")
        wait_until("the local copy", lambda: any(m["Subject"] == "both" for m in self.inbox(1)), 20)

    def test_without_log_in_nobody_sends_elsewhere(self):
        node = self.grid.nodes[0]
        with smtplib.SMTP(node["host"], node["smtp"], timeout=TIMEOUT) as smtp:
            with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
                smtp.sendmail("a@elsewhere.test", ["b@elsewhere.test"], b"Subject: relay\r\n\r\n")
        self.assertEqual(550, refused.exception.recipients["b@elsewhere.test"][0])

    def test_a_refusal_comes_back_as_a_notification_that_programs_read(self):
        self.rules["RCPT"] = lambda argument: "550 5.1.1 nobody of that name\r\n" .strip() \
            if "nobody" in argument else None
        self.submit("bounces", ["nobody@elsewhere.test", "somebody@elsewhere.test"], user=2)
        self.assertEqual(["somebody@elsewhere.test"], self.arrives("bounces")[0].recipients)
        report, = wait_until("the notification", lambda: self.inbox(2), 30)
        self.assertEqual(("multipart/report", "delivery-status"),
                         (report.get_content_type(), report.get_param("report-type")))
        self.assertEqual("<>", report["Return-Path"])
        text, status, original = report.iter_parts()
        self.assertIn("nobody@elsewhere.test", text.get_content())
        of_message, of_recipient = status.get_payload()
        self.assertIn("node", of_message["Reporting-MTA"])
        self.assertEqual("rfc822; nobody@elsewhere.test", of_recipient["Final-Recipient"])
        self.assertEqual(("failed", "5.1.1"), (of_recipient["Action"], of_recipient["Status"]))
        self.assertEqual("smtp; 550 5.1.1 nobody of that name", of_recipient["Diagnostic-Code"])
        self.assertEqual("bounces", email.message_from_string(original.get_content())["Subject"])
        self.assertIsNone(self.queued("nobody@elsewhere.test"))

    def test_any_node_tells_what_became_of_a_message(self):
        self.rules["RCPT"] = lambda argument: "550 5.1.1 nobody" if "nobody@" in argument else None
        self.submit("traced", [self.users[3]["address"], "traced@elsewhere.test", "nobody@elsewhere.test"], user=1, node=2)
        self.arrives("traced")

        def events():
            rows = self.json("trace", "traced@elsewhere.test", node=self.grid.nodes[0])["events"]
            whats = {row["what"] for row in rows}
            return rows if {"received", "queued", "delivered", "sent", "refused", "told"} <= whats else None
        rows = wait_until("the whole trace", events, 20)
        received = rows[0]
        self.assertEqual("received", received["what"])
        self.assertEqual(self.grid.nodes[2]["id"], received["node"])
        self.assertIn("authenticated as", received["detail"])
        self.assertIn("250 2.0.0 taken", next(row["detail"] for row in rows if row["what"] == "sent"))
        self.assertIn("550 5.1.1 nobody", next(row["detail"] for row in rows if row["what"] == "refused"))
        for name in (received["id"], received["message_id"], next(row["entry"] for row in rows if row["entry"])):
            self.assertLessEqual({row["what"] for row in rows},
                                 {row["what"] for row in self.json("trace", name, node=self.grid.nodes[1])["events"]})

    def test_a_domain_has_a_way_of_its_own_over_lmtp_with_a_reply_for_each_recipient(self):
        def full(stage, argument):
            return "552 5.2.2 over quota" if stage == "end" and argument.startswith("full@") else None
        with MailSink(full) as store:
            self.gridmail("route", "set", "Store.TEST", "--via", f"lmtp:127.0.0.1:{store.port}")
            self.assertIn({"domain": "store.test", "via": f"lmtp:127.0.0.1:{store.port}", "tls": "opportunistic"},
                          self.json("route", "list"))
            self.submit("stored", ["a@store.test", "full@store.test", "c@elsewhere.test"], user=1)
            wait_until("the message over LMTP", lambda: store.received("stored"), 20)
            self.assertEqual(["a@store.test"], store.received("stored")[0].recipients)
            self.assertIn("LHLO", " ".join(store.commands))
            self.assertEqual(["c@elsewhere.test"], self.arrives("stored")[0].recipients)
            wait_until("the notification of who was refused", lambda: any(
                "full@store.test" in str(message) for message in self.inbox(1)), 20)
            self.gridmail("route", "remove", "store.test")
            self.submit("as all others", ["a@store.test"])
            self.arrives("as all others")

    def test_where_tls_is_required_only_who_proves_the_name_gets_the_message(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        with MailSink(tls=context) as secure:
            for domain, host, port in (("named.test", "localhost", secure.port), ("other.test", "127.0.0.1", secure.port),
                                       ("plain.test", "127.0.0.1", self.sink.port)):
                self.gridmail("route", "set", domain, "--via", f"smtp:{host}:{port}", "--tls", "required")
            for name in ("named", "other", "plain"):
                self.submit(f"tls {name}", [f"x@{name}.test"])
            wait_until("the one whose name is proved", lambda: secure.received("tls named"), 20)
            rows = wait_until("the reasons of the others", lambda: [
                row for row in (self.queued("x@other.test"), self.queued("x@plain.test")) if row and row["last_error"]][1:] and
                (self.queued("x@other.test"), self.queued("x@plain.test")), 20)
            self.assertIn("certificate: IP address mismatch", rows[0]["last_error"])
            self.assertIn("TLS is required here and not offered", rows[1]["last_error"])
            self.assertFalse(secure.received("tls other") or self.sink.received("tls plain"))
            for row in rows:
                self.gridmail("queue", "remove", row["id"])

    def test_what_requires_tls_goes_on_to_who_requires_it_too_or_comes_back(self):
        """RFC 8689; and TLS-Required: No."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        user, node = self.users[3], self.grid.nodes[0]

        def submit(subject, to, options=(), field=""):
            with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT, local_hostname="client.test") as smtp:
                smtp.starttls(context=insecure_tls())
                smtp.login(user["address"], user["password"])
                self.assertTrue(smtp.has_extn("requiretls"))
                smtp.sendmail(user["address"], [to], f"Subject: {subject}\r\n{field}\r\nsecret\r\n".encode(), options)
        with MailSink(tls=context, extensions=("PIPELINING", "REQUIRETLS")) as secure:
            self.gridmail("route", "set", "careful.test", "--via", f"smtp:localhost:{secure.port}")
            self.gridmail("route", "set", "careless.test", "--via", f"smtp:127.0.0.1:{self.sink.port}")
            submit("careful", "a@careful.test", ["REQUIRETLS"])
            submit("careless", "a@careless.test", ["REQUIRETLS", "RET=FULL"])
            submit("in the clear", "a@careless.test", field="TLS-Required: No\r\n")
            wait_until("the message under TLS", lambda: secure.received("careful"), 20)
            self.assertTrue(secure.received("careful")[0].sender.endswith(" REQUIRETLS"))
            self.arrives("in the clear")
            report, = wait_until("the other one back", lambda: [m for m in self.inbox(3) if m["Return-Path"] == "<>"], 30)
            _, status, original = report.iter_parts()
            self.assertEqual(("failed", "5.7.30"), (status.get_payload()[1]["Action"], status.get_payload()[1]["Status"]))
            self.assertEqual("text/rfc822-headers", original.get_content_type())
            self.assertNotIn("secret", report.as_string())
            self.assertFalse(self.sink.received("careless"))

    def test_what_the_sender_wants_to_know_goes_on_to_who_tells_it(self):
        """RFC 3461, section 5.2.1; and section 5.2.2 where nobody further on does."""
        wishes = ["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;o@x.test"]
        self.speaking("PIPELINING", "8BITMIME", "DSN")
        self.submit("told by them", ["far@elsewhere.test"], options=["RET=FULL", "ENVID=e1"], rcpt_options=wishes)
        self.arrives("told by them")
        mail, = [line for line in self.sink.commands if "ENVID=e1" in line]
        self.assertTrue(mail.endswith(" RET=FULL ENVID=e1"), mail)
        self.assertIn("RCPT TO:<far@elsewhere.test> " + " ".join(wishes), self.sink.commands)
        self.speaking("PIPELINING", "8BITMIME")
        self.submit("told by us", ["far@elsewhere.test"], user=1, options=["ENVID=e2"], rcpt_options=wishes)
        report, = wait_until("the notification", lambda: [m for m in self.inbox(1) if m["Return-Path"] == "<>"], 30)
        of_message, of_recipient = list(report.iter_parts())[1].get_payload()
        self.assertEqual("e2", of_message["Original-Envelope-Id"])
        self.assertEqual(("relayed", "rfc822; o@x.test"),
                         (of_recipient["Action"], of_recipient["Original-Recipient"]))

    def verified(self, data, keys):
        """For each signature, whether it holds."""
        asked = {"message": base64.b64encode(data).decode(), "records": {k["record_name"]: k["record"] for k in keys}}
        done = subprocess.run(["/usr/bin/python3", str(ROOT / "tests/support/verify_dkim.py")], input=json.dumps(asked),
                              stdout=subprocess.PIPE, text=True, check=True, timeout=TIMEOUT)
        return json.loads(done.stdout)

    def test_what_leaves_is_signed_with_the_keys_of_its_domain(self):
        domain = self.users[0]["address"].partition("@")[2]
        keys = [self.json("dkim", "add", domain, "--algorithm", algorithm) for algorithm in ("rsa", "ed25519")]
        self.assertFalse(any("private" in field for key in keys for field in key))
        self.submit("not signed yet", ["far@elsewhere.test"])
        self.assertNotIn(b"DKIM-Signature", self.arrives("not signed yet")[0].data)
        for key in keys:
            self.json("dkim", "activate", domain, key["selector"])
            self.addCleanup(self.gridmail, "dkim", "retire", domain, key["selector"])
        body = "  blanks \t in  lines \r\n\r\n.dots\r\n\r\n\r\n" + "long " * 90000 + "\r\n\r\n"
        for node in range(3):  # every node has the keys
            self.submit(f"signed {node}", ["far@elsewhere.test", self.users[1]["address"]], node=node, body=body)
            data = self.arrives(f"signed {node}")[0].data
            self.assertEqual([True, True], self.verified(data, keys))
            self.assertEqual([False, False], self.verified(data.replace(b"long long", b"long wrong", 1), keys))
            self.assertEqual([False, False], self.verified(b"From: <other@example.test>\r\n" + data, keys))

    def from_outside(self, sender, to, text, node=0):
        node = self.grid.nodes[node]
        with smtplib.SMTP(node["host"], node["smtp"], timeout=TIMEOUT, local_hostname="outside.test") as smtp:
            smtp.sendmail(sender, to, text)

    def test_what_is_forwarded_leaves_under_our_name_and_its_bounces_come_back(self):
        user, other = self.users[0]["address"], self.users[1]["address"]
        domain = user.partition("@")[2]
        self.gridmail("user", "forward", user, "--to", "Far@elsewhere.test")
        self.addCleanup(self.gridmail, "user", "forward", user, "--to", "none")
        self.gridmail("list", "add", f"team@{domain}", "--members", f"{other},far2@elsewhere.test,{user}")
        self.addCleanup(self.gridmail, "list", "remove", f"team@{domain}")
        text = b"From: Joe@outside.test\r\nSubject: %s\r\n\r\ntext\r\n"
        self.from_outside("Joe@outside.test", [user], text % b"forwarded")
        message, = self.arrives("forwarded")
        self.assertEqual(["Far@elsewhere.test"], message.recipients)
        rewritten = message.sender[len("FROM:<"):message.sender.index(">")]
        self.assertRegex(rewritten, f"^SRS0=.*=outside.test=Joe@{domain}$")
        self.assertTrue(message.data.startswith(f"Delivered-To: {user}\r\n".encode()), message.data[:80])
        wait_until("the local copy", lambda: any(m["Subject"] == "forwarded" for m in self.inbox(0)), 20)
        self.from_outside("", [rewritten.lower()], b"Subject: bounced\r\n\r\n", node=1)
        back, = self.arrives("bounced")
        self.assertEqual((["joe@outside.test"], "FROM:<>"), (back.recipients, back.sender[:7]))
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.from_outside("", [rewritten.replace("=outside", "=outsider")], text % b"forged")
        with self.assertRaises(smtplib.SMTPDataError) as refused:
            self.from_outside("Joe@outside.test", [user], message.data)
        self.assertEqual(554, refused.exception.smtp_code)
        self.from_outside("joe@outside.test", [f"team+x@{domain}", other], text % b"to the team", node=2)
        wait_until("both elsewhere", lambda: {"far2@elsewhere.test", "Far@elsewhere.test"} ==
                   {r for m in self.sink.received("to the team") for r in m.recipients}, 20)
        wait_until("a copy", lambda: [m["Subject"] for m in self.inbox(1)].count("to the team") == 1, 20)

    def test_eight_bits_are_re_encoded_for_who_takes_seven(self):
        self.speaking("PIPELINING")
        self.submit("seven bits", ["far@elsewhere.test"], body="grüße\r\n", options=["BODY=8BITMIME"])
        message = email.message_from_bytes(self.arrives("seven bits")[0].data)
        self.assertEqual("quoted-printable", message["Content-Transfer-Encoding"])
        self.assertEqual("grüße\r\n".encode(), message.get_payload(decode=True))

    def test_addresses_in_utf8_go_to_who_knows_them_and_come_back_from_who_does_not(self):
        to = "jürgen@bücher.test"
        self.speaking("PIPELINING", "8BITMIME", "SMTPUTF8")
        self.submit("known", [to], options=["SMTPUTF8", "BODY=8BITMIME"])
        message, = self.arrives("known")
        self.assertTrue(message.sender.endswith(" SMTPUTF8"), message.sender)
        self.assertEqual(["jürgen@xn--bcher-kva.test"], [r.encode("latin-1").decode() for r in message.recipients])
        self.speaking("PIPELINING", "8BITMIME")
        self.submit("unknown", [to, "ascii@bücher.test"], user=1, options=["SMTPUTF8", "BODY=8BITMIME"])
        self.assertEqual(["ascii@xn--bcher-kva.test"], self.arrives("unknown")[0].recipients)
        report, = wait_until("the notification", lambda: [m for m in self.inbox(1) if m["Return-Path"] == "<>"], 30)
        _, of_recipient = list(report.iter_parts())[1].get_payload()
        self.assertEqual((r"utf-8; j\x{FC}rgen@xn--bcher-kva.test", "5.6.7"),
                         (of_recipient["Final-Recipient"], of_recipient["Status"]))

    def test_nobody_is_told_about_what_nobody_sent(self):
        self.rules["RCPT"] = lambda argument: "550 5.1.1 no" if "nobody" in argument else None
        self.submit("null sender", ["nobody@elsewhere.test"], user=3, sender="")
        wait_until("the end of it", lambda: not self.queued("nobody@elsewhere.test"), 20)
        time.sleep(1)
        self.assertEqual([], self.inbox(3))

    def test_what_is_deferred_waits_and_is_tried_again(self):
        self.rules["MAIL"] = lambda argument: "451 4.7.1 come again"
        self.submit("later", ["slow@elsewhere.test"], node=1)
        row = wait_until("an attempt", lambda: (lambda row: row and row["attempts"] and row)(
            self.queued("slow@elsewhere.test")), 20)
        self.assertIn("451 4.7.1 come again", row["last_error"])
        self.rules.clear()
        self.arrives("later", 40)  # the first pause is 15 s and a quarter
        self.assertEqual(1, len(self.sink.received("later")))

    def test_an_administrator_has_a_hand_on_what_waits(self):
        self.rules["MAIL"] = lambda argument: "451 4.7.1 not now"
        self.submit("removed", ["removed@elsewhere.test"])
        self.submit("retried", ["retried@elsewhere.test"])
        removed = wait_until("the first", lambda: self.queued("removed@elsewhere.test"), 10)
        retried = wait_until("an attempt", lambda: (lambda row: row and row["attempts"] and row)(
            self.queued("retried@elsewhere.test")), 20)
        self.json("queue", "remove", removed["id"])
        self.json("queue", "hold", retried["id"])
        self.assertTrue(self.queued("retried@elsewhere.test")["held"])
        self.rules.clear()
        self.json("queue", "flush")
        time.sleep(2)
        self.assertEqual([], self.sink.received("retried"))
        self.json("queue", "release", retried["id"])
        self.arrives("retried", 10)
        self.assertEqual([], self.sink.received("removed"))

    def test_an_administrator_has_a_hand_on_all_for_a_domain_or_from_a_sender(self):
        self.rules["MAIL"] = lambda argument: "451 4.7.1 not now"
        for number in range(3):
            self.submit(f"of a choice {number}", [f"c{number}@choice.test"], user=1 + number, node=number)
        self.submit("of no choice", ["n@another.test"], user=1)

        def listed(*options):
            return [row["recipients"] for row in self.json("queue", "list", *options)]
        wait_until("the entries", lambda: len(listed("--destination", "choice.test")) == 3, 10)
        sender = self.users[2]["address"]
        self.assertEqual([["c1@choice.test"]], listed("--sender", sender.upper(), "--destination", "Choice.test"))
        page = self.json("queue", "list", "--limit", "2", "--destination", "choice.test")
        rest = self.json("queue", "list", "--after", page[1]["id"], "--destination", "choice.test")
        self.assertEqual(3, len({row["id"] for row in page + rest}))
        self.assertEqual({"entries": 3}, self.json("queue", "hold", "--destination", "choice.test"))
        self.assertEqual({"entries": 1}, self.json("queue", "remove", "--sender", sender, "--destination", "choice.test"))
        self.rules.clear()
        self.json("queue", "flush")
        self.arrives("of no choice", 10)
        self.assertEqual([], self.sink.received("of a choice 0"))
        self.assertEqual({"entries": 2}, self.json("queue", "release", "--destination", "choice.test"))
        for number in (0, 2):
            self.arrives(f"of a choice {number}", 10)
        self.assertEqual([], self.sink.received("of a choice 1"))

    def test_connections_that_break_lose_nothing(self):
        turns = itertools.count()
        for stage in ("connect", "MAIL", "RCPT", "DATA", "end"):
            self.rules[stage] = lambda argument: "drop" if next(turns) % 3 == 0 else None
        for number in range(6):
            self.submit(f"broken {number}", [f"user{number}@elsewhere{number}.test"], node=number % 3)
        time.sleep(1)
        self.rules.clear()
        deadline = time.monotonic() + 60
        while any(not self.sink.received(f"broken {number}") for number in range(6)):
            self.assertLess(time.monotonic(), deadline)
            self.gridmail("queue", "flush")
            time.sleep(1)
        for number in range(6):
            self.assertEqual(1, len(self.sink.received(f"broken {number}")))

    def test_zz_a_node_dies_while_it_sends(self):
        """Every message goes out; twice only one whose reply the dead node may have missed."""
        in_flight = threading.Semaphore(0)

        def slowly(_):
            in_flight.release()
            time.sleep(0.05)
        self.rules["end"] = slowly
        for number in range(MESSAGES):
            self.submit(f"survivor {number}", [f"user@place{number}.test"], node=1 + number % 2, user=number % 4)
            if number == MESSAGES // 2:
                in_flight.acquire()
                self.grid.kill("node1")
        self.rules.clear()
        counts = {}

        def all_there():
            counts.update({n: len(self.sink.received(f"survivor {n}")) for n in range(MESSAGES)})
            return all(counts.values())
        wait_until("every message at the smart host", all_there, 90, 0.5)
        self.grid.start_node("node1")

        def queue_is_empty():  # while slots change hands the list may not be had
            done = self.gridmail("queue", "list", "--json", node=self.grid.nodes[1], check=False)
            return done.returncode == 0 and not json.loads(done.stdout)
        wait_until("an empty queue", queue_is_empty, 90, 0.5)
        all_there()
        twice = [number for number, count in counts.items() if count > 1]
        self.assertLessEqual(len(twice), 20, counts)  # lanes to the smart host of the node that died
        self.assertTrue(all(count <= 2 for count in counts.values()), counts)


class AllOtherDomains(GridCase):
    users_needed = 1

    def test_what_has_no_way_of_its_own_goes_the_way_of_all_others(self):
        user, node = self.users[0], self.grid.nodes[0]
        with MailSink() as relay, MailSink() as own:
            self.gridmail("route", "set", "*", "--via", f"smtp:127.0.0.1:{relay.port}")
            self.addCleanup(self.gridmail, "route", "remove", "*")
            self.gridmail("route", "set", "own.test", "--via", f"smtp:127.0.0.1:{own.port}")
            self.addCleanup(self.gridmail, "route", "remove", "own.test")
            with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT) as smtp:
                smtp.login(user["address"], user["password"])
                smtp.sendmail(user["address"], ["a@some.test", "b@own.test"], "Subject: which way\r\n\r\ntext\r\n")
            wait_until("both ways", lambda: relay.received("which way") and own.received("which way"), 30)
            self.assertEqual(["a@some.test"], relay.received("which way")[0].recipients)
            self.assertEqual(["b@own.test"], own.received("which way")[0].recipients)

    def test_what_is_not_said_of_a_route_stays(self):
        self.addCleanup(self.gridmail, "route", "remove", "kept.test")
        self.gridmail("route", "set", "kept.test", "--tls", "required")
        self.gridmail("route", "set", "kept.test", "--via", "smtp:relay.test:25")
        self.assertIn({"domain": "kept.test", "via": "smtp:relay.test:25", "tls": "required"},
                      json.loads(self.gridmail("route", "list", "--json")))
