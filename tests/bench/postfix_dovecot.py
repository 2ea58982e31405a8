"""Postfix handing to Dovecot by LMTP, as a peer to measure against: own configuration, loopback, high ports.

Needs root, because Postfix does. Everything lies in one folder; nothing of the machine's own configuration is read or
changed. Durable: Postfix syncs its queue files, Dovecot its mails (mail_fsync = optimized, its default).
"""

import pathlib
import shutil

from loopback_grid import wait_until
from postfix import Postfix, end_master, run_into_log, running_pid

HOST = "127.0.0.1"
DOMAIN = "example.test"
PASSWORD = "bench"

POSTFIX = """\
myhostname = mx.{domain}
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = static:ok
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
lmtp_host_lookup = native
"""

DOVECOT_CONF = """\
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
protocols = imap lmtp
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = sdbox:{dir}/mail/%n
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={dir}/mail/%n allow_all_users=yes
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service imap {{
  client_limit = 1
  process_limit = 2048
}}
"""


class PostfixDovecot:
    """Both running, from `with` to its end. Nodes of a grid are described the same way: host, smtp, lmtp, imap."""

    def __init__(self, directory, base_port=28000):
        self.dir = pathlib.Path(directory).resolve()
        self.node = {"host": HOST, "smtp": base_port + 25, "lmtp": base_port + 24, "imap": base_port + 43}
        self.postfix = Postfix(self.dir, HOST, self.node["smtp"], POSTFIX, domain=DOMAIN, lmtp=self.node["lmtp"])

    def __enter__(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        for folder in ("mail", "run", "state"):
            (self.dir / folder).mkdir(parents=True)
        shutil.chown(self.dir / "mail", "mail", "mail")
        words = {"dir": self.dir, "domain": DOMAIN, "password": PASSWORD} | self.node
        (self.dir / "dovecot.conf").write_text(DOVECOT_CONF.format(**words))
        try:
            run_into_log(self.dir, ["dovecot", "-c", self.dir / "dovecot.conf"])
            self.postfix.start()
            wait_until("Postfix and Dovecot", lambda: len(self.pids()) == 2, 20)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for pid in self.pids():
            end_master(pid)

    def pids(self):
        """The two masters that run."""
        return [pid for pid in (running_pid(self.dir / "run/master.pid"), self.postfix.pid()) if pid]

    @staticmethod
    def user(number):
        return {"address": f"user{number}@{DOMAIN}", "password": PASSWORD}
