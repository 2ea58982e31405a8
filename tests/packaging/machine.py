"""Machines for tests of packages: Debian with systemd as its first process, in namespaces of the run's own.

Each has an overlay over one prepared Debian, a host name, and one address on a bridge that only the run sees. There is no
way out: packages come from the cache that the prepared Debian brings along.
"""

import os
import pathlib
import pty
import select
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import admin_manual  # noqa: E402
from loopback_grid import GridError, wait_until  # noqa: E402

NETWORK = "10.78.0"
CLIENT = f"{NETWORK}.254"

BOOT = """set -e
echo $$ >"$CGROUP/cgroup.procs"
exec unshare --pid --fork --kill-child --mount --propagation private --uts --ipc --net --cgroup sh -ec '
  hostname "$NAME"
  cd "$ROOT"
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs -o mode=755 tmpfs dev
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts dev/pts
  mount -t tmpfs tmpfs dev/shm
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  for device in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
    set -- $device
    mknod -m 666 "dev/$1" c "$2" "$3"
  done
  pivot_root . mnt
  umount -l /mnt
  mount --make-rshared /
  exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init </dev/null >/dev/null 2>&1
'
"""


def call(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)


def make_network():
    call("ip", "link", "set", "lo", "up")
    call("ip", "link", "add", "bridge", "type", "bridge")
    call("ip", "address", "add", f"{CLIENT}/24", "dev", "bridge")
    call("ip", "link", "set", "bridge", "up")


class Machine:
    def __init__(self, number, base, folder):
        self.name = f"mail{number}"
        self.address = f"{NETWORK}.{number}"
        self.number = number
        self.folder = pathlib.Path(folder) / self.name
        self.root = self.folder / "root"
        for part in ("upper", "work", "root"):
            (self.folder / part).mkdir(parents=True)
        call("mount", "-t", "overlay", "overlay", "-o",
             f"lowerdir={base},upperdir={self.folder}/upper,workdir={self.folder}/work", self.root)
        (self.root / "etc/hostname").write_text(self.name + "\n")
        (self.root / "etc/hosts").write_text(
            "127.0.0.1 localhost\n" + "".join(f"{NETWORK}.{i} mail{i}.example.test mail{i}\n" for i in range(1, 10)))
        (self.root / "etc/apt/apt.conf.d/unattended").write_text('APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n')
        self.init = None

    def boot(self):
        cgroup = self.folder.parent / "cgroup" / self.name
        cgroup.mkdir(exist_ok=True)
        self.process = subprocess.Popen(["sh", "-c", BOOT], stdin=subprocess.DEVNULL, env=os.environ | {
            "NAME": self.name, "ROOT": str(self.root), "CGROUP": str(cgroup)})
        self.init = wait_until(f"{self.name}: its first process", self._first_process, 10)
        wire = f"m{self.number}"
        call("ip", "link", "add", wire, "type", "veth", "peer", "name", "wire", "netns", self.init)
        call("ip", "link", "set", wire, "master", "bridge", "up")
        for command in (["address", "add", f"{self.address}/24", "dev", "wire"], ["link", "set", "wire", "up"],
                        ["link", "set", "lo", "up"]):
            call("nsenter", "--target", self.init, "--net", "ip", *command)
        wait_until(f"{self.name}: boot", lambda: self.run("systemctl", "is-active", "multi-user.target",
                                                          check=False).stdout.strip() == "active", 90, 0.3)

    def _first_process(self):
        """`unshare --fork`'s child, once it runs systemd."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not children:
            return None
        try:
            return children[0] if os.readlink(f"/proc/{children[0]}/exe").endswith("systemd") else None
        except OSError:
            return None

    def inside(self, *command):
        return ["nsenter", "--target", self.init, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--wdns=/",
                *map(str, command)]

    def run(self, *command, check=True, env=None, timeout=180):
        """Runs a command there; its output is text. A failure tells what it printed."""
        done = subprocess.run(self.inside(*command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=timeout, check=False,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
                                   "LC_ALL": "C.UTF-8"} | (env or {}))
        if check and done.returncode != 0:
            raise GridError(f"{self.name}: {' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}")
        return done

    def type(self, line, names=None, **options):
        """A line of the manual for admins, in a shell in root's folder, with other names in it."""
        return self.run("sh", "-c", f"cd /root; {admin_manual.meant(line, names)}", **options)

    def converse(self, command, answers, seconds=60):
        """On a terminal of its own: each answer is typed when its question is on the screen. Returns all that was shown."""
        leader, follower = pty.openpty()
        process = subprocess.Popen(self.inside(*command), stdin=follower, stdout=follower, stderr=follower,
                                   start_new_session=True)
        os.close(follower)
        shown, left, deadline = "", list(answers), time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([leader], [], [], 0.2)[0]:
                try:
                    shown += os.read(leader, 4096).decode(errors="replace")
                except OSError:
                    break
            if left and left[0][0] in shown:
                os.write(leader, (left.pop(0)[1] + "\n").encode())
        os.close(leader)
        if process.wait(10) != 0 or left:
            raise GridError(f"{self.name}: {' '.join(command)}: {process.returncode}\n{shown}")
        return shown

    def listening(self):
        """TCP and UDP ports that are open to others than the machine itself."""
        ports = set()
        for table, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
            lines = pathlib.Path(f"/proc/{self.init}/net/{table}").read_text().splitlines()[1:]
            for fields in map(str.split, lines):
                address, port = fields[1].split(":")
                if fields[3] == state and not address.endswith("7F"):
                    ports.add((table.rstrip("6"), int(port, 16)))
        return ports

    def unit(self, key):
        return self.run("systemctl", "show", "--value", "-p", key, "gridmail").stdout.strip()

    def exists(self, path):
        return os.path.lexists(f"/proc/{self.init}/root{path}")

    def read(self, path):
        return pathlib.Path(f"/proc/{self.init}/root{path}").read_text()

    def write(self, path, content):
        pathlib.Path(f"/proc/{self.init}/root{path}").write_text(content)
