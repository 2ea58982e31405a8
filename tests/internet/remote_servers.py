"""Debian's servers on machines of the small internet: nsd, which knows all names; Postfix and Exim, which have users of their own."""

import email
import email.policy
import pathlib
import shutil
import subprocess

from loopback_grid import ROOT, wait_until
from postfix import Postfix

EXIM = ROOT / "build/unpacked/exim4-daemon-light/usr/sbin/exim4"
USERS = ("user1", "user2")

NSD_CONF = """\
server:
  ip-address: {host}
  username: ""
  chroot: ""
  zonesdir: "{dir}"
  pidfile: "{dir}/nsd.pid"
  zonelistfile: "{dir}/zone.list"
  xfrdfile: ""
  logfile: "{dir}/nsd.log"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "zone"
"""

ZONE_HEAD = """\
$TTL 60
. SOA ns.test. nobody.ns.test. 1 60 60 60 5
. NS ns.test.
ns.test. A {host}
"""

POSTFIX = """\
myhostname = mx.{domain}
mynetworks = {clients}
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {dir}/mail
virtual_mailbox_maps = inline:{{ {boxes} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtp_tls_security_level = may
smtpd_tls_security_level = may
smtpd_tls_chain_files = {dir}/key.pem, {dir}/certificate.pem
smtp_connect_timeout = 3s
minimal_backoff_time = 3s
maximal_backoff_time = 3s
queue_run_delay = 3s
maillog_file = {dir}/log
maillog_file_prefixes = {dir}
"""

EXIM_CONF = """\
primary_hostname = mx.{domain}
exim_path = {exim}
spool_directory = {dir}/spool
log_file_path = {dir}/log.%s
pid_file_path = {dir}/exim.pid
exim_user = mail
exim_group = mail
local_interfaces = {host}
daemon_smtp_ports = 25
smtp_accept_max = 100
tls_advertise_hosts =
keep_environment =
acl_smtp_rcpt = of_recipient
acl_smtp_data = accept
begin acl
of_recipient:
  accept domains = {domain}
         local_parts = {users}
  deny domains = {domain}
       message = nobody of that name
  accept hosts = {clients}
  deny message = not from there
begin routers
elsewhere:
  driver = dnslookup
  domains = ! {domain}
  transport = to_elsewhere
  no_more
here:
  driver = accept
  local_parts = {users}
  transport = to_box
begin transports
to_elsewhere:
  driver = smtp
  connect_timeout = 3s
to_box:
  driver = appendfile
  maildir_format
  create_directory
  directory = {dir}/mail/$local_part_data
  user = mail
begin retry
* * F,1h,3s
"""


def run_dns(directory, network, machine, records):
    """`records`: lines of a zone file, of the root's. Runs until the run ends."""
    directory.mkdir(parents=True)
    words = {"dir": directory, "host": network.address(machine)}
    (directory / "nsd.conf").write_text(NSD_CONF.format(**words))
    (directory / "zone").write_text(ZONE_HEAD.format(**words) + "\n".join(records) + "\n")
    start([*network.entering(machine), "nsd", "-d", "-c", directory / "nsd.conf"], directory)
    wait_until("nsd", (directory / "nsd.pid").exists, 10)


def start(command, directory):
    with open(directory / "output", "wb") as output:
        return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output)


class Remote:
    """A mail server with `USERS`, whose mail lies in Maildirs."""

    def __init__(self, directory, domain, host):
        self.dir, self.domain, self.host = pathlib.Path(directory), domain, host

    def prepare(self):
        (self.dir / "mail").mkdir(parents=True)
        shutil.chown(self.dir / "mail", "mail", "mail")

    def messages(self):
        """All that lie there, parsed."""
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                for user in USERS for path in (self.dir / "mail" / user / "new").glob("*")]


class PostfixServer(Remote):
    def run(self, network, machine):
        self.prepare()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", f"/CN=mx.{self.domain}", "-keyout", self.dir / "key.pem", "-out", self.dir / "certificate.pem"],
                       check=True, capture_output=True)
        owner = (self.dir / "mail").stat()
        boxes = ", ".join(f"{{ {user}@{self.domain} = {user}/ }}" for user in USERS)
        Postfix(self.dir, self.host, 25, POSTFIX, network.entering(machine), domain=self.domain, boxes=boxes,
                clients=network.address(network.CLIENTS), uid=owner.st_uid, gid=owner.st_gid).start()


class EximServer(Remote):
    def run(self, network, machine):
        self.prepare()
        shutil.chown(self.dir, "mail", "mail")
        program = shutil.copy(EXIM, self.dir)
        config = self.dir / "exim.conf"
        config.write_text(EXIM_CONF.format(dir=self.dir, domain=self.domain, host=self.host, users=" : ".join(USERS),
                                           exim=program, clients=network.address(network.CLIENTS)))
        start([*network.entering(machine), program, "-C", config, "-bdf", "-q3s"], self.dir)
