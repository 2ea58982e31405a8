"""What a package goes through: installed, set up, joined, upgraded under load, removed, purged."""

import hashlib
import imaplib
import json
import os
import pathlib
import re
import ssl
import subprocess
import tempfile
import time
import traceback

import mail_traffic
from machine import GridError, wait_until  # which finds the ones of tests/support
import admin_manual

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging"
CONFIG, DATA = "/etc/gridmail/gridmail.toml", "/var/lib/gridmail"
CLIENT_PORTS = {("tcp", port) for port in (25, 587, 465, 143, 993, 110, 995, 7443)}
PEER_PORTS = {("tcp", 7420), ("udp", 7420)}
READY_SECONDS = 15  # from the beginning of the installation
PAUSE_SECONDS = 1  # of writes while the node that takes them is upgraded


def check(what, is_so):
    if not is_so:
        raise GridError(what)


def equal(what, expected, seen):
    check(f"{what}: {seen!r} instead of {expected!r}", expected == seen)


class Life:
    def __init__(self, machines, previous, package):
        self.machines = machines
        self.first, self.second, self.third = machines
        self.previous, self.package = previous, package
        self.password = ""

    def live(self):
        """Every stage needs those before it: the first that fails is the last. Returns the exit code."""
        stages = (self.install, self.set_up_by_answers, self.mail_of_the_machine, self.join_by_token,
                  self.refuse_a_used_token, self.join_by_file, self.mail_flows, self.reload_a_certificate, self.restart_what_hangs,
                  self.look_as_the_manual_says, self.upgrade_under_load, self.remove_keeps_everything, self.purge_keeps_mail,
                  self.purge_takes_mail_when_told, self.its_own_test, self.recover_what_is_left)
        passed = 0
        for stage in stages:
            begun = time.monotonic()
            try:
                note = stage() or ""
            except (GridError, OSError, subprocess.SubprocessError, ValueError, KeyError, StopIteration) as error:
                if not isinstance(error, GridError):
                    traceback.print_exc()
                print(f"failed: {stage.__name__}: {error}\nlogs: build/package-test/*.log\n{passed} passed, 1 failed", flush=True)
                return 1
            passed += 1
            print(f"{stage.__name__.replace('_', ' ')}: {time.monotonic() - begun:.1f} s {note}", flush=True)
        print(f"{passed} passed, 0 failed", flush=True)
        return 0

    # --- what admins type ---

    def apt_install(self, machine, package, line="apt-get install ./gridmail_0.1.0_amd64.deb"):
        pathlib.Path(f"/proc/{machine.init}/root/root/{line.rpartition('/')[2]}").write_bytes(pathlib.Path(package).read_bytes())
        machine.type(line)

    def gridmail(self, *words, machine=None, **options):
        done = (machine or self.first).run("gridmail", "--json", *words, env={"GRIDMAIL_ADMIN_PASSWORD": self.password} |
                                           options.pop("env", {}), **options)
        return json.loads(done.stdout)

    def try_gridmail(self, *words):
        try:
            return self.gridmail(*words)
        except GridError:
            return None

    def wait_until_healthy(self, nodes):
        def healthy():
            status = self.try_gridmail("grid", "status")
            return status and status["verdict"] == "healthy" and len(status["nodes"]) == nodes and not self.moving()
        wait_until(f"a healthy grid of {nodes}", healthy, 180, 0.5)

    def moving(self):
        rows = self.try_gridmail("slot", "list")
        return rows is None or any(row["joining"] or len(row["in_sync"]) < 2 for row in rows)

    def main_pid(self, machine):
        return int(machine.unit("MainPID"))

    # --- the stages ---

    def install(self):
        for machine in self.machines:
            self.installed_since = time.monotonic()
            self.apt_install(machine, self.previous)
            if machine is self.first:
                self.first_installed_since = self.installed_since
            equal("open ports after installation", set(), machine.listening())
            equal("the service", "inactive", machine.unit("ActiveState"))
            equal("whether it starts at boot", "enabled", machine.unit("UnitFileState"))
            equal("the owner of the data", "gridmail", machine.run("stat", "-c", "%U", DATA).stdout.strip())
        equal("a start without configuration", "inactive",
              self.first.run("sh", "-c", "systemctl start gridmail; systemctl is-active gridmail", check=False).stdout.strip())
        exposure = self.first.run("systemd-analyze", "security", "gridmail").stdout
        level = float(re.search(r"exposure level for gridmail.service: ([0-9.]+)", exposure).group(1))
        check(f"systemd-analyze security: {level}", level <= 2.0)
        return f"(exposure {level})"

    def set_up_by_answers(self):
        """The time of the installation counts: it is repeated on a machine that has everything else."""
        begun = time.monotonic()
        self.first.run("dpkg", "--purge", "gridmail")
        self.apt_install(self.first, self.previous)
        shown = self.first.converse(admin_manual.meant("gridmail setup").split(), [("Name of this machine", ""), ("Address", ""),
                                                            ("zone", "a"), ("Join token", ""), ("postmaster", "")])
        seconds = time.monotonic() - begun
        check(f"{seconds:.1f} s from installation to ready, more than {READY_SECONDS}", seconds <= READY_SECONDS)
        self.password = re.search(r"password +(\S+)", shown).group(1)
        self.token = re.search(r"(?:--join|  token) +(\S+)", shown).group(1)
        check(f"the dashboard's address is not in:\n{shown}", f"https://{self.first.address}:7443/" in shown)
        equal("open ports", CLIENT_PORTS | PEER_PORTS, self.first.listening())
        equal("the user of the process", "gridmail",
              self.first.run("stat", "-c", "%U", f"/proc/{self.main_pid(self.first)}").stdout.strip())
        equal("rights of the configuration", "640 root gridmail",
              self.first.run("stat", "-c", "%a %U %G", CONFIG).stdout.strip())
        check("the admin's password was left behind", not self.first.exists("/run/credstore/gridmail.admin-password"))
        again = self.first.run("gridmail", "setup", "--join", self.token, check=False)
        check(f"a second set-up was not refused: {again.stdout}", "is set up already" in again.stdout)
        return f"({seconds:.1f} s from installation to ready)"

    def mail_of_the_machine(self):
        """Every user of the machine may send, and only as that user."""
        def send(arguments):
            return self.first.run("su", "-s", "/bin/sh", "nobody", "-c",
                                  f"printf 'Subject: cron\\n\\ntext\\n' | /usr/sbin/sendmail {arguments}", check=False)
        equal("mail for root", 0, send("root").returncode)
        equal("mail in another's name", 77, send("-f root root").returncode)
        equal("newaliases", 0, self.first.run("newaliases", check=False).returncode)

    def join_by_token(self):
        self.second.converse(admin_manual.meant("gridmail setup --join-file -").split(),
                             [("oin token", self.token), ("Name of this machine", ""), ("Address", ""), ("zone", "b")])
        check("the token was left behind", not self.second.exists("/run/credstore/gridmail.join-token"))
        self.wait_until_healthy(2)

    def refuse_a_used_token(self):
        refused = self.third.run("gridmail", "setup", "--join", self.token, check=False)
        check(f"a used token was taken: {refused.stdout}", refused.returncode == 1)
        check("the configuration of a failed set-up stayed", not self.third.exists(CONFIG))
        check("a used token was left behind", not self.third.exists("/run/credstore/gridmail.join-token"))
        equal("the service", "inactive", self.third.unit("ActiveState").replace("failed", "inactive"))
        why = self.third.run("journalctl", "--no-pager", "-u", "gridmail").stdout
        check(f"the journal does not say why:\n{why}", "the join token was used already" in why)

    def join_by_file(self):
        token = self.gridmail("node", "join-token", "--ttl", "600")["token"]
        self.put_bodies_elsewhere(self.third)
        answers = admin_manual.answers(0, {"mail3.example.org": "mail3.example.test", "192.0.2.3": self.third.address, "TOKEN": token})
        self.third.write("/root/answers.toml", answers + '[storage]\npaths = { body = "/srv/gridmail" }\n')
        self.third.type("gridmail setup --config answers.toml")
        # RocksDB writes there when its memory is full: whether the service may is seen from within.
        self.third.run("nsenter", "--target", self.main_pid(self.third), "--mount", "touch", "/srv/gridmail/written")
        check("the token is in the configuration", token not in self.third.read(CONFIG))
        self.wait_until_healthy(3)

    def put_bodies_elsewhere(self, machine):
        machine.run("install", "-d", "-o", "gridmail", "-g", "gridmail", "/srv/gridmail")
        machine.write("/root/editor", "#!/bin/sh\ncp /root/override.conf \"$1\"\n")
        machine.write("/root/override.conf", admin_manual.block("ini"))
        machine.run("chmod", "+x", "/root/editor")
        machine.converse(["env", "EDITOR=/root/editor", *admin_manual.meant("systemctl edit gridmail").split()], [])  # wants a terminal

    def mail_flows(self):
        self.gridmail("domain", "add", "example.test")
        self.gridmail("user", "add", mail_traffic.USER, env={"GRIDMAIL_PASSWORD": mail_traffic.PASSWORD})
        mail_traffic.send(self.second, "hello")
        for machine in self.machines:
            equal(f"INBOX at {machine.name}", ["hello"], mail_traffic.subjects(machine))
        equal("the doctor", True, self.gridmail("doctor", check=False)["passed"])  # it warns: no certificate yet

    def reload_a_certificate(self):
        machine = self.third
        def renew(number):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                            "2", "-subj", f"/CN=certificate{number}", "-keyout", f"/proc/{machine.init}/root/etc/gridmail/key.pem",
                            "-out", f"/proc/{machine.init}/root/etc/gridmail/chain.pem"], check=True, stderr=subprocess.DEVNULL)
            machine.run("sh", "-c", "chgrp gridmail /etc/gridmail/*.pem; chmod 640 /etc/gridmail/*.pem")

        def served():
            certificate = ssl.get_server_certificate((machine.address, 993))
            text = subprocess.run(["openssl", "x509", "-noout", "-subject"], input=certificate, text=True, check=True,
                                  stdout=subprocess.PIPE).stdout
            return text.split("=")[-1].strip()
        renew(1)
        machine.write(CONFIG, machine.read(CONFIG) +
                      '\n[tls]\ncertificate = "/etc/gridmail/chain.pem"\nkey = "/etc/gridmail/key.pem"\n')
        machine.run("systemctl", "restart", "gridmail")
        equal("the certificate", "certificate1", served())
        renew(2)
        pid = self.main_pid(machine)
        machine.type("systemctl reload gridmail")
        wait_until("the new certificate", lambda: served() == "certificate2", 10)
        machine.write("/etc/gridmail/chain.pem", "not a certificate\n")
        machine.run("systemctl", "reload", "gridmail")
        wait_until("word of the wrong certificate", lambda: "node.not_reloaded" in machine.run(
            "journalctl", "--no-pager", "-u", "gridmail").stdout, 10)
        equal("the certificate after a wrong one", "certificate2", served())
        equal("the process", pid, self.main_pid(machine))
        renew(3)
        self.key_as_credential(machine)
        equal("the certificate whose key is a credential", "certificate3", served())
        self.wait_until_healthy(3)

    def key_as_credential(self, machine):
        machine.run("sh", "-c", "install -d -m 700 /etc/credstore && mv /etc/gridmail/key.pem /etc/credstore/gridmail.tls-key && "
                                "chown root: /etc/credstore/gridmail.tls-key && chmod 600 /etc/credstore/gridmail.tls-key")
        machine.write(CONFIG, machine.read(CONFIG).replace("/etc/gridmail/key.pem", "/run/credentials/gridmail.service/gridmail.tls-key"))
        machine.run("systemctl", "restart", "gridmail")

    def restart_what_hangs(self):
        machine = self.third
        machine.run("mkdir", "-p", "/run/systemd/system/gridmail.service.d")
        machine.write("/run/systemd/system/gridmail.service.d/test.conf", "[Service]\nWatchdogSec=3s\nTimeoutAbortSec=1s\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", "gridmail")
        pid = self.main_pid(machine)
        time.sleep(4)  # as long as the watchdog's patience: it must not ring
        equal("the process under a watchdog", pid, self.main_pid(machine))
        machine.run("sh", "-c", f"kill -STOP {pid}")
        wait_until("a new process instead of the one that hangs", lambda: self.main_pid(machine) not in (0, pid), 30)
        machine.run("rm", "/run/systemd/system/gridmail.service.d/test.conf")
        machine.run("systemctl", "daemon-reload")
        wait_until("the service", lambda: machine.unit("ActiveState") == "active", 60)
        self.wait_until_healthy(3)

    def look_as_the_manual_says(self):
        """Where an admin looks, and the programs that the manual names for it."""
        check("the journal has nothing of the service", "node.ready" in self.third.type("journalctl -u gridmail").stdout)
        warnings = self.third.type("journalctl -u gridmail -p warning").stdout
        check(f"the warnings are not told from the rest:\n{warnings}",
              "node.not_reloaded" in warnings and "node.ready" not in warnings)
        check("the status is not that of a service that runs", "active (running)" in self.third.type("systemctl status gridmail").stdout)
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, ".curlrc").write_text("insecure\n")  # no certificate is set here
            line = admin_manual.meant("curl -u admin -H 'Accept: text/csv' 'https://mail1.example.org:7443/api/v1/statistics?by=user'",
                                      {"mail1.example.org": self.first.address})
            told = subprocess.run(["setsid", "sh", "-c", line], input=self.password + "\n", text=True, env=os.environ | {"CURL_HOME": folder},
                                  check=True, stdout=subprocess.PIPE, timeout=60).stdout
        check(f"the statistics are without {mail_traffic.USER}:\n{told}", mail_traffic.USER in told)

    def upgrade_under_load(self):
        configs = [hashlib.sha256(machine.read(CONFIG).encode()).hexdigest() for machine in self.machines]
        seconds, pauses = [], []
        mail_traffic.make_drafts(self.first)
        with mail_traffic.Senders(self.machines) as senders, mail_traffic.Writer(self.machines) as writer:
            for machine in self.machines:
                writer.away = machine
                writer.slowest = 0.0
                pid = self.main_pid(machine)
                begun = time.monotonic()
                self.apt_install(machine, self.package, "apt-get install ./gridmail_0.1.1_amd64.deb")
                seconds.append(time.monotonic() - begun)
                check(f"{machine.name} was not restarted", self.main_pid(machine) not in (0, pid))
                self.wait_until_healthy(3)
                pauses.append(writer.slowest)
        check(f"writes paused for {max(pauses):.2f} s", max(pauses) < PAUSE_SECONDS)
        equal("messages refused for good", [], senders.refused_for_good)
        equal("writes refused", [], writer.refused)
        version = self.first.run("dpkg-query", "-W", "-f", "${Version}", "gridmail").stdout
        equal("the versions of the package", [version] * 3,
              [machine.run("dpkg-query", "-W", "-f", "${Version}", "gridmail").stdout for machine in self.machines])
        for machine in self.machines:
            there = mail_traffic.subjects(machine)
            equal(f"accepted messages that {machine.name} lacks", set(), set(senders.accepted) - set(there))
        equal("the configurations", configs,
              [hashlib.sha256(machine.read(CONFIG).encode()).hexdigest() for machine in self.machines])
        return (f"({len(senders.accepted)} messages, {senders.delayed} at a second try, slowest {senders.slowest:.2f} s; upgrades "
                f"of {', '.join(f'{s:.1f}' for s in seconds)} s; {writer.written} writes by IMAP, slowest of each upgrade "
                f"{', '.join(f'{s:.2f}' for s in pauses)} s)")

    def remove_keeps_everything(self):
        machine = self.third
        node = machine.run("ls", DATA).stdout
        machine.type("apt-get remove gridmail")
        equal("open ports after removal", set(), machine.listening())
        check("removal took the configuration", machine.exists(CONFIG))
        check("removal took the mail", machine.exists(f"{DATA}/node.key"))
        self.apt_install(machine, self.package)
        equal("the service after coming back", "active", machine.unit("ActiveState"))
        equal("the files of the node", node, machine.run("ls", DATA).stdout)
        self.wait_until_healthy(3)

    def purge_keeps_mail(self):
        self.gridmail("node", "remove", "mail3")
        wait_until("mail3 has left", lambda: len((self.try_gridmail("node", "list") or [0] * 3)) == 2, 180, 0.5)
        self.third.type("apt-get purge gridmail")
        check("a purge left the configuration", not self.third.exists("/etc/gridmail"))
        check("a purge took the mail", self.third.exists(f"{DATA}/node.key"))
        self.wait_until_healthy(2)
        check("the first message is gone", "hello" in mail_traffic.subjects(self.second))

    def purge_takes_mail_when_told(self):
        self.apt_install(self.third, self.package)
        self.third.type('echo "gridmail gridmail/remove-mail boolean true" | debconf-set-selections')
        self.third.type("apt-get purge gridmail")
        check("a purge that was told to left the mail", not self.third.exists(f"{DATA}/node.key"))

    def its_own_test(self):
        """What autopkgtest would run."""
        self.apt_install(self.third, self.package)
        self.third.write("/root/first-node", (PACKAGING / "debian/tests/first-node").read_text())
        self.third.run("sh", "/root/first-node")

    def recover_what_is_left(self):
        """The last: of two machines, the one that may vote alone dies for good."""
        self.second.type("systemctl stop gridmail")
        self.first.type("systemctl stop gridmail")
        line = admin_manual.meant("gridmail grid recover --config /etc/gridmail/gridmail.toml")
        asked = self.first.run("sh", "-c", f"echo no | {line}", check=False)
        equal("the exit code of a recovery that nobody agreed to", 1, asked.returncode)
        phrase = re.search(r"To go on, type: (.*)", asked.stdout).group(1).strip()
        self.first.converse(line.split(), [("To go on, type", phrase)])
        self.first.type("systemctl start gridmail")
        wait_until("the mail at the survivor", lambda: "hello" in subjects_at(self.first), 60)
        mail_traffic.send(self.first, "after the recovery")
        check("no mail is taken after the recovery", "after the recovery" in mail_traffic.subjects(self.first))


def subjects_at(machine):
    try:
        return mail_traffic.subjects(machine)
    except (OSError, imaplib.IMAP4.error):
        return []
