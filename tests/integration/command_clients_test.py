"""Clients that people run: swaks, curl, mbsync, mutt, getmail; each through a node that is not the primary."""

import os
import pathlib
import pty
import subprocess
import tempfile
import threading

from grid import GridCase, imap_login, run_client


class FolderCase(GridCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text, mode=0o600):
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path


class Swaks(FolderCase):
    def test_the_mx_port(self):
        node = self.not_primary(self.user)
        run_client(["swaks", "--server", node["host"], "--port", node["smtp"], "--to", self.user["address"],
                    "--from", "sender@elsewhere.test", "--helo", "client.test", "--header", "Subject: by swaks"])
        self.assertEqual(1, sum(b"Subject: by swaks" in message for message in self.inbox()))

    def test_submission_with_tls_and_log_in(self):
        node = self.not_primary(self.user)
        for auth in ("PLAIN", "LOGIN"):
            run_client(["swaks", "--server", node["host"], "--port", node["submission"], "--tls", "--auth", auth,
                        "--auth-user", self.user["address"], "--auth-password", self.user["password"],
                        "--to", self.user["address"], "--from", self.user["address"], "--helo", "client.test",
                        "--header", f"Subject: swaks {auth}"])
        run_client(["swaks", "--server", node["host"], "--port", node["submissions"], "--tls-on-connect", "--auth",
                    "PLAIN", "--auth-user", self.user["address"], "--auth-password", self.user["password"],
                    "--to", self.user["address"], "--from", self.user["address"], "--helo", "client.test",
                    "--header", "Subject: swaks implicit"])
        subjects = b"".join(self.inbox())
        for subject in (b"swaks PLAIN", b"swaks LOGIN", b"swaks implicit"):
            self.assertEqual(1, subjects.count(b"Subject: " + subject))


class Curl(FolderCase):
    def curl(self, *arguments):
        login = f"{self.user['address']}:{self.user['password']}"
        return run_client(["curl", "--silent", "--show-error", "--fail", "--max-time", "30", "--user", login,
                           *arguments])

    def test_send_by_smtp_read_by_imap_and_pop3(self):
        node = self.not_primary(self.user)
        message = self.write("message", "Subject: by curl\r\n\r\nhello from curl\r\n")
        self.curl("--url", f"smtp://{node['host']}:{node['submission']}", "--mail-from", self.user["address"],
                  "--mail-rcpt", self.user["address"], "--upload-file", message)
        by_imap = self.curl(f"imap://{node['host']}:{node['imap']}/INBOX;MAILINDEX=1")
        self.assertIn("hello from curl", by_imap)
        by_pop3 = self.curl(f"pop3://{node['host']}:{node['pop3']}/1")
        self.assertEqual(by_imap.replace("\r", ""), by_pop3.replace("\r", ""))
        self.assertIn("Archive", self.curl(f"imap://{node['host']}:{node['imap']}/"))
        self.assertIn("hello from curl", self.curl("--insecure",
                                                   f"imaps://{node['host']}:{node['imaps']}/INBOX;MAILINDEX=1"))


class Mbsync(FolderCase):
    def test_two_ways_then_nothing_to_do(self):
        for number in range(20):
            self.deliver(b"Subject: mbsync %d\r\n\r\nbody\r\n" % number)
        node = self.not_primary(self.user)
        maildir = self.folder / "mail"
        maildir.mkdir()
        settings = self.write("mbsyncrc", f"""
IMAPAccount grid
Host {node['host']}
Port {node['imap']}
User {self.user['address']}
Pass {self.user['password']}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account grid

MaildirStore near
Path {maildir}/
Inbox {maildir}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
""")
        run_client(["mbsync", "-c", settings, "all"])
        self.assertEqual(20, len(self.files(maildir / "INBOX")))

        # Here: one read, one deleted, one new. There: one flagged, one new.
        first, second, *_ = self.files(maildir / "INBOX")
        first.rename(maildir / "INBOX/cur" / (first.name.split(":")[0] + ":2,S"))
        second.rename(maildir / "INBOX/cur" / (second.name.split(":")[0] + ":2,T"))
        (maildir / "INBOX/new/1.new.here").write_bytes(b"Subject: made here\n\nbody\n")
        with imap_login(self.not_primary(self.user, 1), self.user) as imap:
            imap.select("INBOX")
            imap.store("20", "+FLAGS", r"(\Flagged)")
        self.deliver(b"Subject: mbsync later\r\n\r\nbody\r\n")
        run_client(["mbsync", "-c", settings, "all"])
        self.assertEqual(21, len(self.files(maildir / "INBOX")))
        with imap_login(self.not_primary(self.user, 1), self.user) as imap:
            self.assertEqual([b"21"], imap.select("INBOX")[1])
            self.assertEqual(1, len(imap.search(None, "SUBJECT", '"made here"')[1][0].split()))
            self.assertGreaterEqual(len(imap.search(None, "SEEN")[1][0].split()), 1)

        before = self.everything(maildir)
        log = run_client(["mbsync", "-V", "-c", settings, "all"])
        self.assertEqual(before, self.everything(maildir), log)
        with imap_login(self.not_primary(self.user, 1), self.user) as imap:
            self.assertEqual([b"21"], imap.select("INBOX")[1])

    @staticmethod
    def files(box):
        return sorted(path for folder in ("cur", "new") for path in (box / folder).iterdir())

    @staticmethod
    def everything(maildir):
        """Messages with their flags; mbsync's own state files are rewritten by every run."""
        return {str(path): path.read_bytes() for path in maildir.rglob("*")
                if path.is_file() and path.parent.name in ("cur", "new")}


class Mutt(FolderCase):
    def test_batch_sending_and_reading(self):
        node = self.not_primary(self.user)
        address = self.user["address"]
        login = address.replace("@", "%40")
        settings = self.write("muttrc", f"""
set from="{address}"
set realname="A User"
set smtp_url="smtp://{login}:{self.user['password']}@{node['host']}:{node['submission']}/"
set imap_user="{address}"
set imap_pass="{self.user['password']}"
set ssl_starttls=no
set ssl_force_tls=no
set record=""
set copy=no
set header_cache=""
set confirmappend=no
set confirmcreate=no
set quit=yes
set delete=no
""")
        run_client(["mutt", "-n", "-F", settings, "-s", "by mutt", address], input=b"hello from mutt\n")
        self.assertEqual(1, sum(b"Subject: by mutt" in message for message in self.inbox()))
        saved = self.folder / "saved"
        self.run_in_terminal(["mutt", "-n", "-F", settings, "-f", f"imap://{node['host']}:{node['imap']}/INBOX",
                              "-e", f"push '<limit>~A<enter><copy-message>{saved}<enter><exit>'"])
        self.assertIn(b"hello from mutt", saved.read_bytes())

    def run_in_terminal(self, command):
        """mutt reads mail on a terminal only; its screen goes nowhere."""
        ours, theirs = pty.openpty()

        def drain():
            try:
                while os.read(ours, 4096):
                    pass
            except OSError:
                pass
        reader = threading.Thread(target=drain, daemon=True)
        reader.start()
        try:
            subprocess.run([str(part) for part in command], stdin=theirs, stdout=theirs, stderr=theirs, timeout=60,
                           check=True, env={"TERM": "xterm", "HOME": str(self.folder), "PATH": "/usr/bin:/bin"})
        finally:
            os.close(theirs)
            reader.join(5)
            os.close(ours)


class Getmail(FolderCase):
    def test_pop3_and_imap(self):
        for number in range(3):
            self.deliver(b"Subject: getmail %d\r\n\r\nbody\r\n" % number)
        node = self.not_primary(self.user)
        for kind, service, more in (("SimplePOP3Retriever", "pop3", ""),
                                    ("SimpleIMAPRetriever", "imap", 'mailboxes = ("INBOX",)')):
            box = self.folder / service
            box.mkdir()
            self.write(f"{service}rc", f"""
[retriever]
type = {kind}
server = {node['host']}
port = {node[service]}
username = {self.user['address']}
password = {self.user['password']}
{more}
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > $(mktemp {box}/XXXXXX)")
allow_root_commands = true
[options]
delete = false
read_all = false
""")
            command = ["getmail", "--getmaildir", self.folder, "--rcfile", f"{service}rc"]
            run_client(command)
            self.assertEqual(3, len(list(box.iterdir())))
            run_client(command)
            self.assertEqual(3, len(list(box.iterdir())), "the second run fetched mail again")
