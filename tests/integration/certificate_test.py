"""Certificates that all nodes show to mail clients, set, renewed and removed while clients are connected."""

import contextlib
import imaplib
import json
import pathlib
import smtplib
import subprocess
import tempfile

from certificates import NAME, fingerprint, make_certificate, shown
from grid import GridCase, insecure_tls, wait_until

FOLLOWED_WITHIN = 5


class Certificates(GridCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.addCleanup(self.remove_all)

    def json(self, *arguments, **options):
        return json.loads(self.gridmail(*arguments, "--json", **options))

    def remove_all(self):
        for row in self.json("certificate", "list"):
            self.json("certificate", "remove", row["name"])

    def on_all_nodes(self, wanted, name=NAME):
        return all(shown(node, "imaps", name) == wanted for node in self.grid.nodes)

    def test_a_certificate_from_set_to_remove(self):
        own = [shown(node, "imaps") for node in self.grid.nodes]
        self.assertTrue(any("certificate" in notice for notice in self.json("grid", "status")["notices"]))
        first, first_key, first_print = make_certificate(self.folder, NAME, "*.mail.example.test")
        self.json("certificate", "set", first, first_key, node=self.grid.nodes[1])
        wait_until("every node shows it", lambda: self.on_all_nodes(first_print), FOLLOWED_WITHIN)
        self.assertEqual([], self.json("grid", "status")["notices"])
        for node in self.grid.nodes:
            for service in ("submissions", "pop3s"):
                self.assertEqual(first_print, shown(node, service), service)
            self.assertEqual(first_print, shown(node, "imaps", "a.mail.example.test"))
            with smtplib.SMTP(node["host"], node["smtp"], timeout=10) as smtp:
                smtp.starttls(context=insecure_tls())
                self.assertEqual(first_print, fingerprint(smtp.sock))
        row, = self.json("certificate", "list")
        self.assertEqual((NAME, [NAME, "*.mail.example.test"], first_print),
                         (row["name"], row["names"], row["fingerprint"]))
        self.assertNotIn("PRIVATE", json.dumps(row))

        # A renewed one reaches new connections; the old ones go on.
        node = self.grid.nodes[0]
        imap = imaplib.IMAP4_SSL(node["host"], node["imaps"], ssl_context=insecure_tls(), timeout=10)
        with contextlib.closing(imap.sock):
            renewed, renewed_key, renewed_print = make_certificate(self.folder, NAME)
            other, other_key, other_print = make_certificate(self.folder, "other.example.test")
            self.json("certificate", "set", renewed, renewed_key)
            self.json("certificate", "set", other, other_key)
            wait_until("every node shows the renewed one", lambda: self.on_all_nodes(renewed_print), FOLLOWED_WITHIN)
            wait_until("and the other", lambda: self.on_all_nodes(other_print, "other.example.test"), FOLLOWED_WITHIN)
            imap.login(self.user["address"], self.user["password"])
            self.assertEqual("OK", imap.select("INBOX")[0])

        self.remove_all()
        wait_until("every node shows its own", lambda: [shown(node, "imaps") for node in self.grid.nodes] == own,
                   FOLLOWED_WITHIN)

    def test_what_cannot_be_shown_is_refused(self):
        first, first_key, _ = make_certificate(self.folder, NAME)
        _, other_key, _ = make_certificate(self.folder, "other.example.test")
        nameless = self.folder / "nameless.pem"
        subprocess.run(["openssl", "req", "-x509", "-key", first_key, "-subj", "/CN=x", "-out", nameless], check=True,
                       capture_output=True)
        for certificate, key, reason in ((first, other_key, "does not fit"), (first_key, first_key, "certificate"),
                                         (first, first, "key"), (nameless, first_key, "DNS name")):
            with self.subTest(reason):
                done = self.gridmail("certificate", "set", certificate, key, "--json", check=False)
                self.assertEqual(1, done.returncode)
                self.assertIn(reason, json.loads(done.stdout)["error"]["detail"])
        self.assertEqual([], self.json("certificate", "list"))
        self.assertEqual(1, self.gridmail("certificate", "remove", NAME, check=False).returncode)
