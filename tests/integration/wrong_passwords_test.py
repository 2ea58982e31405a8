"""Wrong passwords on a node as it is delivered: each is answered later than the one before. And the node's own, at a Postfix."""

import imaplib
import os
import poplib
import pathlib
import re
import shutil
import smtplib
import subprocess
import sys
import time

from grid import ROOT, TIMEOUT, GridCase, LoopbackGrid, wait_until

sys.path.insert(0, str(ROOT / "tests/support"))
from mail_sink import MailSink  # noqa: E402
from postfix import Postfix  # noqa: E402

BASE_PORT = int(os.environ.get("GRIDMAIL_WRONG_PASSWORDS_PORT", "25200"))
SMART_HOST, SMART_PORT = "127.0.0.1", BASE_PORT + 90
OWN_PASSWORD = "the-nodes-own"
DOVECOT = pathlib.Path("/usr/sbin/dovecot")
DOVECOT_CONF = """\
protocols = none
base_dir = {dir}/run
log_path = {dir}/log
ssl = no
passdb {{
  driver = static
  args = password={password}
}}
service auth {{
  unix_listener {socket} {{
    user = postfix
  }}
}}
"""
POSTFIX = """\
myhostname = smart.test
mynetworks =
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_authenticated_header = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject
relayhost = [127.0.0.1]:{sink}
maillog_file = {dir}/log
maillog_file_prefixes = {dir}
smtp_host_lookup = native
"""


class SlowedDownGrid(LoopbackGrid):
    users_count = 3

    def _write_config(self, node, smart_host):
        super()._write_config(node, smart_host)
        file = self.dir / node["name"] / "gridmail.toml"
        password = self.dir / node["name"] / "smart_host.password"
        password.write_text(OWN_PASSWORD + "\n")
        password.chmod(0o600)
        file.write_text(file.read_text().replace("slow_down_wrong_passwords = false", "slow_down_wrong_passwords = true")
                        .replace("[outbound]", f'[outbound]\nuser = "grid"\npassword_file = "{password}"'))


class WrongPasswords(GridCase):
    users_needed = 0

    @classmethod
    def setUpClass(cls):
        cls.grid = SlowedDownGrid(ROOT / "build/slow-grid")
        cls.grid.start_anew(1, base_port=BASE_PORT, smart_host=f"{SMART_HOST}:{SMART_PORT}")
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

    def test_the_node_logs_in_to_its_smart_host(self):
        if not DOVECOT.exists() or os.geteuid() != 0:
            self.skipTest("Dovecot is not installed, or this is not root")
        for earlier in ("postfix", "dovecot"):
            shutil.rmtree(self.grid.dir / earlier, ignore_errors=True)
        sink = MailSink()
        self.addCleanup(sink.close)
        postfix = Postfix(self.grid.dir / "postfix", SMART_HOST, SMART_PORT, POSTFIX, sink=sink.port)
        postfix.start()
        self.addCleanup(postfix.stop)
        self.run_dovecot(self.grid.dir / "dovecot", postfix.dir / "queue/private/auth")
        user = self.grid.users[0]
        with smtplib.SMTP(self.node["host"], self.node["submission"], timeout=TIMEOUT) as smtp:
            smtp.login(user["address"], user["password"])
            smtp.sendmail(user["address"], ["far@elsewhere.test"], b"Subject: by the smart host\r\n\r\ntext\r\n")
        message, = wait_until("the message", lambda: sink.received("by the smart host"), 20)
        self.assertIn(b"(Authenticated sender: grid)", message.data)

    def run_dovecot(self, directory, socket):
        """Postfix asks it for passwords."""
        directory.mkdir()
        (directory / "conf").write_text(DOVECOT_CONF.format(dir=directory, password=OWN_PASSWORD, socket=socket))
        dovecot = subprocess.Popen([DOVECOT, "-F", "-c", directory / "conf"], stdin=subprocess.DEVNULL)
        self.addCleanup(dovecot.wait)
        self.addCleanup(dovecot.terminate)
        wait_until("Dovecot", socket.exists, 10)

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
