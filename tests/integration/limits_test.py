"""How much clients and users may do is counted over the whole grid: what one node took, the others know a moment later."""

import json
import smtplib

from grid import TIMEOUT, GridCase, insecure_tls, run_client, wait_until

TRUSTED = "127.0.0.2"  # who may say for whom it connects, in the nodes' configuration
MESSAGES, CONNECTIONS = 24, 9


class Limits(GridCase):
    def tearDown(self):
        self.set_limits("none")

    def set_limits(self, limits):
        shown = json.loads(self.gridmail("grid", "settings", "--limits", limits, "--json"))
        self.assertEqual(limits, shown["limits"])

    def send_until_refused(self, node):
        """How many messages that node took of the user; all in one connection."""
        with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT) as smtp:
            smtp.login(self.user["address"], self.user["password"])
            for taken in range(2 * MESSAGES):
                try:
                    smtp.sendmail(self.user["address"], [self.user["address"]], b"Subject: one more\r\n\r\n")
                except smtplib.SMTPSenderRefused as refused:
                    self.assertEqual(450, refused.smtp_code)
                    self.assertIn(b"4.7.1", refused.smtp_error)
                    return taken
        return 2 * MESSAGES

    def connect_from(self, address, node):
        """The first line that a client of that address is told."""
        with self.raw(node, "smtp", TRUSTED) as client:
            client.send(f"PROXY TCP4 {address} 127.0.0.1 4000 {node['smtp']}\r\n".encode())
            return client.line().decode()

    def test_what_a_user_sends_is_counted_on_all_nodes(self):
        first, second, third = self.grid.nodes
        self.set_limits(f"messages-per-user={MESSAGES}/7d")
        # Nodes look at the directory every two seconds: the limit may begin in the middle.
        taken = self.send_until_refused(first)
        while taken == 2 * MESSAGES:
            taken = self.send_until_refused(first)
        self.assertLess(0, taken)
        for node in (second, third):
            wait_until(f"{node['name']} knows of it", lambda node=node: self.send_until_refused(node) == 0, 20)
        with smtplib.SMTP(third["host"], third["smtp"], timeout=TIMEOUT) as smtp:  # others are not concerned
            smtp.sendmail("other@elsewhere.test", [self.user["address"]], b"Subject: from elsewhere\r\n\r\n")
        self.set_limits("none")
        wait_until("no limit any more", lambda: self.send_until_refused(third) > 0, 20)

    def test_connections_of_a_network_are_counted_on_all_nodes(self):
        self.set_limits(f"connections-per-network={CONNECTIONS}/7d")
        first, second, third = self.grid.nodes

        def refused(node, host):
            return self.connect_from(f"203.0.113.{host}", node).startswith("421 4.3.2")
        wait_until("the first node refuses", lambda: refused(first, 7), 20)
        for node in (second, third):
            wait_until(f"{node['name']} refuses, too", lambda node=node: refused(node, 8), 20)
        self.assertTrue(self.connect_from("198.51.100.1", third).startswith("220 "))
        for version in (1, 2):
            run_client(["swaks", "--server", third["host"], "--port", third["smtp"], "--local-interface", TRUSTED,
                        "--proxy-version", version, "--proxy-family", "TCP4" if version == 1 else "AF_INET",
                        "--proxy-source", "198.51.100.2", "--proxy-source-port", 4000, "--proxy-dest", "127.0.0.1",
                        "--proxy-dest-port", third["smtp"], "--from", "a@elsewhere.test", "--to", self.user["address"],
                        "--helo", "client.test", "--header", f"Subject: by PROXY {version}"])
        for version in (1, 2):
            self.assertEqual(1, sum(b"Subject: by PROXY %d" % version in text and b"198.51.100.2" in text
                                    for text in self.inbox()))

    def test_guesses_from_one_address_are_counted_on_all_nodes(self):
        first, _, third = self.grid.nodes
        self.set_limits("failed-log-ins-per-address=3/7d")

        def answer(node, password):
            with self.raw(node, "pop3", TRUSTED) as client:
                client.send(f"PROXY TCP4 192.0.2.99 127.0.0.1 4000 {node['pop3']}\r\n".encode())
                client.line()
                client.send(b"STLS\r\n")
                client.line()
                with insecure_tls().wrap_socket(client.socket) as secured, secured.makefile("rb") as lines:
                    secured.sendall(f"USER {self.user['address']}\r\nPASS {password}\r\n".encode())
                    lines.readline()
                    return lines.readline()
        wait_until("the first node refuses", lambda: b"[SYS/TEMP]" in answer(first, "wrong"), 30)
        wait_until("the third, too", lambda: b"[SYS/TEMP]" in answer(third, "wrong"), 30)

    def test_what_is_no_limit_is_refused(self):
        done = self.gridmail("grid", "settings", "--limits", "messages-per-user=many/1h", check=False)
        self.assertEqual(1, done.returncode)
        self.assertIn("messages-per-user=many/1h", done.stderr)
