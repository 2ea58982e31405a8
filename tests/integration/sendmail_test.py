"""Programs on a node's machine send mail by sendmail, and only as themselves."""

import os
import pathlib
import subprocess
import unittest

from grid import TIMEOUT, GridCase, imap_login, wait_until
from loopback_grid import BUILD

NOBODY = 65534


class Sendmail(GridCase):
    users_needed = 1

    def setUp(self):
        super().setUp()
        self.node = self.grid.nodes[0]
        self.socket = pathlib.Path(self.node["dir"]) / "sendmail"
        if not self.socket.is_socket():
            self.skipTest("the grid's folder has too long a name for a socket")

    def sendmail(self, *arguments, text="", socket=None, **options):
        environment = os.environ | {"GRIDMAIL_SENDMAIL_SOCKET": str(socket or self.socket)}
        return subprocess.run([BUILD / "gridmail-sendmail", *arguments], input=text.encode(), capture_output=True,
                              timeout=TIMEOUT, env=environment, check=False, **options)

    def texts(self):
        with imap_login(self.node, self.users[0]) as imap:
            count = int(imap.select("INBOX")[1][0])
            return [imap.fetch(str(i + 1), "(BODY.PEEK[])")[1][0][1] for i in range(count)]

    def arrived(self, subject):
        line = f"Subject: {subject}\r\n".encode()
        return wait_until(subject, lambda: [text for text in self.texts() if line in text], 20)

    def test_a_program_sends_to_whom_the_header_names(self):
        address = self.users[0]["address"]
        done = self.sendmail("-t", "-oi", "-F", "Cron", text=f"To: {address}\nBcc: {address}\nSubject: by header\n\n.\nend\n")
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        text, = self.arrived("by header")
        self.assertNotIn(b"Bcc", text)
        self.assertIn(b"From: \"Cron\" <", text)
        self.assertIn(b"(authenticated as ", text)
        self.assertIn(b"\r\nMessage-ID: <", text)
        self.assertTrue(text.endswith(b"\r\n\r\n.\r\nend\r\n"), text)

    def test_what_cannot_be_sent_is_told_by_exit_codes(self):
        self.assertEqual(67, self.sendmail(f"nobody.here@{self.grid.description['domain']}", text="x\n").returncode)
        self.assertEqual(64, self.sendmail(text="x\n").returncode)
        self.assertEqual(64, self.sendmail("-Z", text="x\n").returncode)
        self.assertEqual(75, self.sendmail("a@b.test", text="x\n", socket="/nowhere/sendmail").returncode)

    def test_who_asks_for_a_notice_gets_it(self):
        address = self.users[0]["address"]
        done = self.sendmail("-f", address, "-N", "success", "-R", "hdrs", "-V", "ticket+2B7", address, text="Subject: noticed\n\nsecret\n")
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        notice, = wait_until("the notice", lambda: [text for text in self.texts() if b"Original-Envelope-Id: ticket+7\r\n" in text], 20)
        self.assertIn(b"Action: delivered", notice)
        self.assertNotIn(b"secret", notice)
        self.assertEqual(64, self.sendmail("-N", "perhaps", address, text="x\n").returncode)

    def test_programs_that_speak_smtp_do_so(self):
        done = self.sendmail("-bs", text="EHLO here\r\nNOOP\r\nQUIT\r\n")
        codes = [line[:3] for line in done.stdout.decode().splitlines() if line[3:4] == " "]
        self.assertEqual((0, ["220", "250", "250", "221"]), (done.returncode, codes), done.stdout)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_other_users_of_the_machine_send_as_themselves_only(self):
        os.chmod(self.node["dir"], 0o711)
        address, options = self.users[0]["address"], {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        done = self.sendmail("-f", address, address, text="Subject: forged\n\n", **options)
        self.assertEqual(77, done.returncode, done.stderr)
        done = self.sendmail(address, text=f"From: {address}\nSubject: forged\n\n", **options)
        self.assertEqual(77, done.returncode, done.stderr)
        done = self.sendmail(address, "root", text="Subject: honest\n\n", **options)
        self.assertEqual(0, done.returncode, done.stderr)
        text, = self.arrived("honest")
        self.assertIn(b"Return-Path: <nobody@node1.", text)
        self.assertFalse(any(b"forged" in text for text in self.texts()))
        done = self.sendmail("-f", address, address, text="Subject: by root\n\n")  # who may do anything here anyway
        self.assertEqual(0, done.returncode, done.stderr)
        self.arrived("by root")
