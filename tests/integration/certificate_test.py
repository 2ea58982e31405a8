"""Certificates that all nodes show to mail clients, set, renewed and removed while clients are connected."""

import contextlib
import imaplib
import json
import pathlib
import plistlib
import smtplib
import socket
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request
from xml.etree import ElementTree

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

    def ask(self, node, path, body=None, host="autoconfig.example.test"):
        request = urllib.request.Request(f"http://{node['host']}:{node['http']}{path}", body, {"Host": host})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def set_up_a_mail_program(self, node, certificate):
        """As Thunderbird, Outlook and Apple's do: by what they are told, and believing this certificate only."""
        address, password = self.user["address"], self.user["password"]
        provider = ElementTree.fromstring(self.ask(node, "/mail/config-v1.1.xml")).find("emailProvider")
        servers = {server.get("type"): (server.findtext("hostname"), int(server.findtext("port")),
                                        server.findtext("socketType")) for server in provider if "type" in server.attrib}
        self.assertEqual({"imap": (NAME, node["imaps"], "SSL"), "pop3": (NAME, node["pop3s"], "SSL"),
                          "smtp": (NAME, node["submissions"], "SSL")}, servers)
        trusting = ssl.create_default_context(cafile=certificate)
        with socket.create_connection((node["host"], servers["imap"][1]), 10) as plain:
            with trusting.wrap_socket(plain, server_hostname=servers["imap"][0]) as tls:
                tls.sendall(f"a LOGIN {address} {password}\r\n".encode())
                lines = tls.makefile("rb")
                lines.readline()
                self.assertTrue(lines.readline().startswith(b"a OK"))

        asked = f"<Autodiscover><Request><EMailAddress>{address}</EMailAddress></Request></Autodiscover>".encode()
        space = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
        answer = ElementTree.fromstring(self.ask(node, "/autodiscover/autodiscover.xml", asked))
        self.assertEqual({("IMAP", NAME, str(node["imaps"]), address), ("POP3", NAME, str(node["pop3s"]), address),
                          ("SMTP", NAME, str(node["submissions"]), address)},
                         {tuple(protocol.findtext(space + name) for name in ("Type", "Server", "Port", "LoginName"))
                          for protocol in answer.iter(space + "Protocol")})

        account, = plistlib.loads(self.ask(node, f"/mail.mobileconfig?email={address}"))["PayloadContent"]
        self.assertEqual((NAME, node["imaps"], address), (account["IncomingMailServerHostName"],
                         account["IncomingMailServerPortNumber"], account["EmailAddress"]))
        self.assertIs(True, account["OutgoingMailServerUseSSL"])

    def test_a_certificate_from_set_to_remove(self):
        with self.assertRaises(urllib.error.HTTPError) as without:
            self.ask(self.grid.nodes[0], "/mail/config-v1.1.xml")
        self.assertEqual(404, without.exception.code)
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
        for node in self.grid.nodes:
            self.set_up_a_mail_program(node, first)

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

    def test_one_that_is_removed_and_set_again_at_once_is_shown(self):
        first, first_key, first_print = make_certificate(self.folder, NAME)
        self.json("certificate", "set", first, first_key)
        wait_until("every node shows the first", lambda: self.on_all_nodes(first_print), FOLLOWED_WITHIN)
        self.assertEqual([first_print], [row["fingerprint"] for row in self.json("certificate", "list")])
        second, second_key, second_print = make_certificate(self.folder, NAME)
        self.json("certificate", "remove", NAME)
        self.json("certificate", "set", second, second_key)
        wait_until("every node shows the second", lambda: self.on_all_nodes(second_print), FOLLOWED_WITHIN)
        self.assertEqual([second_print], [row["fingerprint"] for row in self.json("certificate", "list")])

    def test_of_several_for_a_name_the_one_that_ends_last_is_shown(self):
        old, old_key, old_print = make_certificate(self.folder, "autoconfig.example.test", NAME, days=10)
        new, new_key, new_print = make_certificate(self.folder, NAME, "autoconfig.example.test")
        self.json("certificate", "set", old, old_key)
        wait_until("the old one", lambda: self.on_all_nodes(old_print), FOLLOWED_WITHIN)
        self.json("certificate", "set", new, new_key)
        for name in (NAME, "autoconfig.example.test"):
            wait_until("the new one", lambda name=name: self.on_all_nodes(new_print, name), FOLLOWED_WITHIN)

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
