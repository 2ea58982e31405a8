"""Wrong passwords on a node as it is delivered: each is answered later than the one before."""

import imaplib
import os
import poplib
import re
import smtplib
import time

from grid import ROOT, TIMEOUT, GridCase, LoopbackGrid

BASE_PORT = int(os.environ.get("GRIDMAIL_WRONG_PASSWORDS_PORT", "25200"))


class SlowedDownGrid(LoopbackGrid):
    users_count = 3

    def _write_config(self, node, smart_host):
        super()._write_config(node, smart_host)
        file = self.dir / node["name"] / "gridmail.toml"
        file.write_text(file.read_text().replace("slow_down_wrong_passwords = false",
                                                 "slow_down_wrong_passwords = true"))


class WrongPasswords(GridCase):
    users_needed = 0

    @classmethod
    def setUpClass(cls):
        cls.grid = SlowedDownGrid(ROOT / "build/slow-grid")
        cls.grid.start_anew(1, base_port=BASE_PORT)
        cls.users = []
        cls.node = cls.grid.nodes[0]

    @classmethod
    def tearDownClass(cls):
        cls.grid.stop()

    def check(self, user, log_in, wrong):
        """Three wrong ones take ever longer; the right one is taken at once, before and after."""
        log_in(user["password"])
        counted = self.wrong_passwords_counted()
        times = []
        for _ in range(3):
            begun = time.monotonic()
            with self.assertRaises(wrong):
                log_in("wrong")
            times.append(time.monotonic() - begun)
        self.assertGreaterEqual(times[0], 0.9)
        self.assertGreater(times[2], times[0] + 0.5, times)
        self.assertLess(times[2], 10)
        self.assertEqual(counted + len(times), self.wrong_passwords_counted())
        begun = time.monotonic()
        log_in(user["password"])
        self.assertLess(time.monotonic() - begun, 5)

    def wrong_passwords_counted(self):
        text = self.grid.api(self.node).probe("/metrics")[1]
        return int(re.search(r"^gridmail_login_failures_total (\d+)$", text, re.MULTILINE).group(1))

    def test_submission(self):
        user = self.grid.users[0]

        def log_in(password):
            with smtplib.SMTP(self.node["host"], self.node["submission"], timeout=TIMEOUT) as smtp:
                smtp.ehlo("client.test")
                smtp.user, smtp.password = user["address"], password
                smtp.auth("PLAIN", smtp.auth_plain)  # login() would try every mechanism in turn
        self.check(user, log_in, smtplib.SMTPAuthenticationError)

    def test_imap(self):
        user = self.grid.users[1]

        def log_in(password):
            with imaplib.IMAP4(self.node["host"], self.node["imap"], timeout=TIMEOUT) as imap:
                imap.login(user["address"], password)
        self.check(user, log_in, imaplib.IMAP4.error)

    def test_pop3(self):
        user = self.grid.users[2]

        def log_in(password):
            pop = poplib.POP3(self.node["host"], self.node["pop3"], timeout=TIMEOUT)
            try:
                pop.user(user["address"])
                pop.pass_(password)
            finally:
                pop.close()
        self.check(user, log_in, poplib.error_proto)
