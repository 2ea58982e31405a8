"""A real Postfix ahead of the grid: it asks the nodes who there is, by socketmap, and delivers by LMTP through each of them."""

import os
import pathlib
import smtplib
import socket
import tempfile
import unittest

from grid import TIMEOUT, GridCase, wait_until
from postfix import Postfix

SETTINGS = """\
myhostname = front.test
smtpd_relay_restrictions = reject_unauth_destination
virtual_mailbox_domains = socketmap:inet:{host}:{map}:domains
virtual_mailbox_maps = socketmap:inet:{host}:{map}:recipients
transport_maps = texthash:{dir}/transport
virtual_transport = error:no way for this user
lmtp_connect_timeout = 5s
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@unittest.skipUnless(os.geteuid() == 0, "Postfix needs root")
class PostfixInFront(GridCase):
    users_needed = 3

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name)
        path.chmod(0o755)  # Postfix runs as a user of its own
        nodes, self.port = self.grid.living(), free_port()
        # Each user's mail by another node.
        ways = [f"inet:{node['host']}:{node['lmtp']}" for node in nodes]
        (path / "transport").write_text("".join(f"{user['address']} lmtp:{way}\n" for user, way in zip(self.users, ways)))
        postfix = Postfix(path, "127.0.0.1", self.port, SETTINGS.replace("{host}", nodes[0]["host"]), map=nodes[0]["socketmap"])
        self.addCleanup(postfix.stop)
        postfix.start()

    def send(self, client, recipients, subject):
        client.sendmail("sender@elsewhere.test", recipients, f"Subject: {subject}\r\n\r\nby Postfix\r\n")

    def test_it_takes_mail_for_users_there_are_and_hands_it_to_any_node(self):
        addresses = [user["address"] for user in self.users]
        with smtplib.SMTP("127.0.0.1", self.port, timeout=TIMEOUT) as client:
            self.send(client, addresses, "to all")
            for wrong, code in (("nobody@example.test", 550), ("user@other.test", 554)):
                client.mail("sender@elsewhere.test")
                self.assertEqual(code, client.rcpt(wrong)[0], wrong)
                client.rset()
        for user in self.users:
            wait_until(f"mail for {user['address']}", lambda user=user: self.inbox(user), TIMEOUT)
            [message] = self.inbox(user)
            self.assertIn(b"Subject: to all\r\n", message)
            self.assertIn(b"by front.test (Postfix)", message)


if __name__ == "__main__":
    unittest.main()
