"""Debian's Postfix with a configuration of its own in one folder; nothing of the machine's is read or changed. Needs root, because
Postfix does."""

import os
import pathlib
import shutil
import signal
import subprocess

from loopback_grid import wait_until

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/postfix-data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = {host}
inet_protocols = ipv4
mydestination =
alias_maps =
local_recipient_maps =
"""

MASTER_CF = """\
{host}:{smtp} inet n - n - - smtpd
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
smtp      unix - - n -     - smtp
virtual   unix - n n -     - virtual
showq     unix n - n -     - showq
error     unix - - n -     - error
retry     unix - - n -     - error
discard   unix - - n -     - discard
lmtp      unix - - n -     - lmtp
anvil     unix - - n -     1 anvil
scache    unix - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Running from start() to stop(). `settings`: lines of main.cf, with {words}. `entering`: what to put in front of its command."""

    def __init__(self, directory, host, port, settings, entering=(), **words):
        self.dir = pathlib.Path(directory).resolve()
        self.entering = list(entering)
        self.words = {"dir": self.dir, "host": host, "smtp": port} | words
        self.settings = settings

    def start(self):
        for folder in ("etc", "queue", "postfix-data"):
            (self.dir / folder).mkdir(parents=True)
        shutil.chown(self.dir / "postfix-data", "postfix", "postfix")
        for name, text in (("main.cf", MAIN_CF + self.settings), ("master.cf", MASTER_CF)):
            (self.dir / "etc" / name).write_text(text.format(**self.words))
        run_into_log(self.dir, [*self.entering, "postfix", "-c", self.dir / "etc", "start"])
        wait_until("Postfix", self.pid, 20)

    def pid(self):
        """Of its master, while it runs."""
        return running_pid(self.dir / "queue/pid/master.pid")

    def stop(self):
        end_master(self.pid())


def run_into_log(directory, command):
    """Into a file: what stays in the background would keep a pipe open."""
    with open(directory / "start.log", "w+b") as log:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=30, check=False)
        if done.returncode != 0:
            log.seek(0)
            raise RuntimeError(f"{' '.join(map(str, command))}: {log.read().decode(errors='replace')}")


def running_pid(path):
    """What a pid file says, if that process is there."""
    if not path.exists():
        return None
    text = path.read_text().strip()
    return int(text) if text and os.path.exists(f"/proc/{text}") else None


def end_master(pid):
    if pid:
        os.kill(pid, signal.SIGTERM)
        wait_until(f"the end of process {pid}", lambda: not os.path.exists(f"/proc/{pid}"), 20)
