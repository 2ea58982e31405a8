"""Machines in QEMU without hardware's help (TCG), for tests of the boot image: what they boot from, their disks, what their console
shows and is typed into it. One process each, ended with the `with`, as by a power cut.

Alone, a machine has QEMU's own network: DHCP gives 10.0.2.15. Several share one through a switch; a QEMU without a machine has its first port.
"""

import base64
import contextlib
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import admin_manual  # noqa: E402
import mail_traffic  # noqa: E402
from grid_api import GridApi  # noqa: E402
from loopback_grid import GridError, wait_until  # noqa: E402
from network_switch import Switch  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
ISO = ROOT / "build/iso/gridmail.iso"
WORK = ROOT / "build/iso/test"
STICK = WORK / "stick"
BOOT_SECONDS = 400  # each stage's limit; beside other work a boot without hardware's help takes minutes
TYPED_SECONDS = 90
SWITCH_PORT = 27521
HOSTS = "127.27.5"  # where the test reaches machines, each by a loopback address of its own
FORWARDED = (22, 25, 993, 7443)
INTERFACE = "enp0s3"  # as the machines call theirs
DHCP_ADDRESS = "10.0.2.15"  # the first one that QEMU gives


def type_here(line, folder, names=None):
    """A line of the manual for admins, in a shell of this machine."""
    subprocess.run(["sh", "-c", admin_manual.meant(line, names)], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)


def write_stick():
    type_here("sha256sum --check gridmail.sha256", ISO.parent)
    type_here("dd if=gridmail.iso of=/dev/sdX bs=4M conv=fsync", ISO.parent, {"/dev/sdX": str(STICK)})


def disk(name, label=None, gib=4):
    path = WORK / name
    with path.open("wb") as out:
        out.truncate(gib << 30)
    if label:
        subprocess.run(["mkfs.ext4", "-q", "-F", "-L", label, path], check=True)
    return path


def label_of(path):
    return subprocess.run(["blkid", "-o", "value", "-s", "LABEL", path], check=False, stdout=subprocess.PIPE, text=True).stdout.strip()


def answers_volume(name, text):
    """A FAT volume with the label CIDATA."""
    image = WORK / f"{name}.cidata"
    image.unlink(missing_ok=True)
    with image.open("wb") as out:
        out.truncate(8 << 20)
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "gridmail.toml").write_text(text)
        type_here("mkfs.vfat -n CIDATA VOLUME", folder, {"VOLUME": str(image)})
        type_here("mcopy -i VOLUME gridmail.toml ::", folder, {"VOLUME": str(image)})
    return image


def host(place):
    return f"{HOSTS}.{place + 1}"


def forwards(place, guest):
    return ",".join(f"hostfwd=tcp:{host(place)}:{port}-{guest}:{port}" for port in FORWARDED)


class Process:
    """A QEMU for as long as the `with` lasts."""

    def __init__(self, *words):
        self.process = subprocess.Popen([str(word) for word in ("qemu-system-x86_64", "-display", "none", *words)],
                                        stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut_power()

    def cut_power(self):
        """As often as one likes."""
        self.process.kill()
        self.process.wait()


class Network(Process):
    """For a machine at each place, 1 and up, with these addresses. Who asks for one gets the next, from DHCP_ADDRESS on."""

    def __init__(self, guests):
        self.switch = Switch(range(SWITCH_PORT, SWITCH_PORT + len(guests) + 1))
        super().__init__("-machine", "none", "-nodefaults", "-netdev",
                         "user,id=user,restrict=on," + ",".join(forwards(place, guest) for place, guest in enumerate(guests, 1)),
                         "-netdev", "hubport,id=userport,hubid=0,netdev=user",
                         "-netdev", f"socket,id=line,connect=127.0.0.1:{SWITCH_PORT}", "-netdev", "hubport,id=lineport,hubid=0,netdev=line")

    def __exit__(self, *_):
        super().__exit__()
        self.switch.close()


class QemuMachine(Process):
    def __init__(self, name, disks, *, is_uefi=False, is_usb=False, place=0, credential=None):
        """disks: what lsblk shows after the boot medium, with the serial numbers DISK0, DISK1...; place: in a Network, or 0: alone."""
        self.name, self.address, self.begun = name, host(place), time.monotonic()
        self.log, self.serial, self.monitor = (WORK / f"{name}.{what}" for what in ("console", "serial", "monitor"))
        self.log.write_bytes(b"")
        self.mark = 0
        network = (f"socket,id=net,connect=127.0.0.1:{SWITCH_PORT + place}" if place else
                   f"user,id=net,restrict=on,{forwards(place, DHCP_ADDRESS)}")
        words = ["-machine", "q35", "-accel", "tcg,thread=multi", "-smp", "2", "-m", "1536", "-no-reboot", "-device", "virtio-rng-pci",
                 "-chardev", f"socket,id=serial,path={self.serial},server=on,wait=off", "-serial", "chardev:serial",
                 "-chardev", f"socket,id=monitor,path={self.monitor},server=on,wait=off", "-mon", "chardev=monitor",
                 "-netdev", network, "-device", f"virtio-net-pci,netdev=net,romfile=,mac=52:54:00:00:00:{place + 0x10:02x}"]
        if is_usb:
            words += ["-device", "qemu-xhci", "-drive", f"if=none,id=usb,format=raw,readonly=on,file={STICK}",
                      "-device", "usb-storage,drive=usb,bootindex=0"]
        else:
            words += ["-cdrom", ISO, "-boot", "d"]
        if is_uefi:
            shutil.copy("/usr/share/OVMF/OVMF_VARS_4M.fd", WORK / f"{name}.vars")
            words += ["-drive", "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
                      "-drive", f"if=pflash,format=raw,file={WORK / name}.vars"]
        if credential:
            file = WORK / f"{name}.credential"
            file.write_text("io.systemd.credential.binary:gridmail.setup=" + base64.b64encode(credential.encode()).decode())
            words += ["-smbios", f"type=11,path={file}"]
        for number, path in enumerate(disks):
            words += ["-drive", f"if=none,id=d{number},format=raw,file={path}",
                      "-device", f"virtio-blk-pci,drive=d{number},serial=DISK{number}"]
        self.serial.unlink(missing_ok=True)
        super().__init__(*words)
        wait_until(f"{name} has a serial line", self.serial.is_socket, 30, 0.02)
        self.line = socket.socket(socket.AF_UNIX)
        self.line.connect(str(self.serial))
        threading.Thread(target=self.keep_log, daemon=True).start()

    # --- the console ---

    def keep_log(self):
        """Until its power is cut. A line that nobody reads stops the machine in the end."""
        with self.log.open("ab", buffering=0) as log, contextlib.suppress(OSError):
            while data := self.line.recv(65536):
                log.write(data)

    def shown(self):
        """All that the serial line showed, without what moves the cursor."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.log.read_bytes().decode(errors="replace"))

    def wait_for(self, pattern, seconds=BOOT_SECONDS, interval=0.5):
        """The match, in what came since the last call of `forget`; seconds are counted from now."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.shown()[self.mark:]):
                return found
            if self.process.poll() is not None:
                raise GridError(f"{self.name} ended before it showed \"{pattern}\"; see {self.log}")
            time.sleep(interval)
        raise GridError(f"{self.name} did not show \"{pattern}\" within {seconds} s; see {self.log}")

    def forget(self):
        self.mark = len(self.shown())

    def type(self, text):
        self.line.sendall(text.encode())

    def converse(self, *answers):
        """Each answer is typed when its question is on the screen."""
        for question, answer in answers:
            self.wait_for(question, TYPED_SECONDS)
            self.forget()
            self.type(answer)

    def in_shell(self, command):
        """What a command prints in the shell that the console's key opens."""
        self.forget()
        self.converse(("h shell", "h"), (r"# $", f"{command}; echo end of it\r"))
        text = self.wait_for(r"(?s)\n(.*)end of it\r?\n", TYPED_SECONDS).group(1)
        self.forget()
        self.type("exit\r")
        return text

    def screenshot(self, name):
        file = WORK / f"{name}.png"
        file.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.monitor))
            line.sendall(f"screendump {file} -f png\n".encode())
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and not (file.exists() and file.read_bytes().endswith(b"IEND\xaeB`\x82")):
                time.sleep(0.1)
        return file

    def add_to_kernel_line(self, words):
        """As an admin would, in GRUB's menu: e, to the line that begins with linux, to its end, the words, Ctrl-X."""
        self.converse((r"automatically in", "e"))
        self.wait_for(r"Press Ctrl-x")
        for key in ("\x0e", "\x0e", "\x05", *f" {words}"):
            self.type_until_drawn(key)
        self.type_until_drawn("\x18")

    def type_until_drawn(self, key):
        """A key that comes while GRUB draws is lost: it shows nothing, and is typed again."""
        before = self.wait_until_drawn()
        for _ in range(10):
            self.type(key)
            noticed = time.monotonic() + 3
            while time.monotonic() < noticed:
                if self.wait_until_drawn() != before:
                    return
        raise GridError(f"{self.name} shows nothing of the key {key!r}; see {self.log}")

    def wait_until_drawn(self):
        """How much the line has shown in all, once that grows no more."""
        size = -1
        while size != self.log.stat().st_size:
            size = self.log.stat().st_size
            time.sleep(0.3)
        return size

    # --- the node ---

    def api(self, password):
        return GridApi(self.address, 7443, None, mail_traffic.any_certificate(), admin_password=password)

    def log_in_by_ssh(self, key, command):
        """What the command prints, as root with this private key."""
        done = subprocess.run(["ssh", "-i", key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                               "-o", "ConnectTimeout=30", f"root@{self.address}", command], stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TYPED_SECONDS)
        if done.returncode != 0:
            raise GridError(f"{self.name}: ssh: {done.stderr}")
        return done.stdout

    def ssh_greets(self):
        """False where nobody answers within a time that is long enough: the machine lets nobody in."""
        try:
            with socket.create_connection((self.address, 22), timeout=10) as connection:
                connection.settimeout(10)
                return connection.recv(100).startswith(b"SSH-2.0")
        except OSError:
            return False

    def wait_until_ready(self, seconds=BOOT_SECONDS):
        """Seconds since power on."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.api("").probe("/readyz", timeout=5)[0] == 200:
                return time.monotonic() - self.begun
            time.sleep(0.5)
        raise GridError(f"{self.name} was not ready within {seconds} s; see {self.log}")
