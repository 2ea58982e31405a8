"""Postfix handing to Dovecot by LMTP, as a peer to measure against: own configuration, loopback, high ports.

Needs root, because Postfix does. Everything lies in one folder; nothing of the machine's own configuration is read or
changed. Durable: Postfix syncs its queue files, Dovecot its mails (mail_fsync = optimized, its default).
"""

import os
import pathlib
import shutil
import signal
import subprocess

from loopback_grid import wait_until

HOST = "127.0.0.1"
DOMAIN = "example.test"
PASSWORD = "bench"

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/postfix-data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.{domain}
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = static:ok
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
lmtp_host_lookup = native
"""

MASTER_CF = """\
127.0.0.1:{smtp} inet n - n - - smtpd
pickup    unix n - n 60    1 pickup
cleanup   unix n - n -     0 cleanup
qmgr      unix n - n 300   1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n -     - trivial-rewrite
bounce    unix - - n -     0 bounce
defer     unix - - n -     0 bounce
trace     unix - - n -     0 bounce
verify    unix - - n -     1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n -     - proxymap
proxywrite unix - - n -    1 proxymap
showq     unix n - n -     - showq
error     unix - - n -     - error
retry     unix - - n -     - error
discard   unix - - n -     - discard
lmtp      unix - - n -     - lmtp
anvil     unix - - n -     1 anvil
scache    unix - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
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

    def __enter__(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        for folder in ("etc", "queue", "postfix-data", "mail", "run", "state"):
            (self.dir / folder).mkdir(parents=True)
        shutil.chown(self.dir / "postfix-data", "postfix", "postfix")
        shutil.chown(self.dir / "mail", "mail", "mail")
        words = {"dir": self.dir, "domain": DOMAIN, "password": PASSWORD} | self.node
        for name, text in (("main.cf", MAIN_CF), ("master.cf", MASTER_CF), ("dovecot.conf", DOVECOT_CONF)):
            (self.dir / "etc" / name).write_text(text.format(**words))
        try:
            self._run("dovecot", "-c", self.dir / "etc/dovecot.conf")
            self._run("postfix", "-c", self.dir / "etc", "start")
            wait_until("Postfix and Dovecot", lambda: len(self.pids()) == 2, 20)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        masters = self.pids()
        for pid in masters:
            os.kill(pid, signal.SIGTERM)
        wait_until("the end of Postfix and Dovecot", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in masters),
                   20)

    def _run(self, *command):
        # Into a file: what stays in the background would keep a pipe open.
        with open(self.dir / "start.log", "w+b") as log:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=30, check=False)
            if done.returncode != 0:
                log.seek(0)
                raise RuntimeError(f"{command[0]}: {log.read().decode(errors='replace')}")

    def pids(self):
        """The two masters that run."""
        found = []
        for path in (self.dir / "run/master.pid", self.dir / "queue/pid/master.pid"):
            if path.exists():
                pid = int(path.read_text())
                if os.path.exists(f"/proc/{pid}"):
                    found.append(pid)
        return found

    @staticmethod
    def user(number):
        return {"address": f"user{number}@{DOMAIN}", "password": PASSWORD}
