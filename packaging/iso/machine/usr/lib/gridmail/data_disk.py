"""The data disk of a machine that runs from the image: which one it is, and putting it where the node looks.

Everything that must outlive a reboot is on it: the node's store, its configuration, the machine's name and network. It is
known by its label.
"""

import collections
import grp
import json
import os
import pathlib
import pwd
import subprocess

LABEL = "gridmail-data"
MOUNT = pathlib.Path("/run/gridmail-disk")
BYTES_MIN = 4 << 30  # of which a node keeps 1 GiB free
# Where the machine looks: (folder on the disk, user, group, mode).
PLACES = {"/var/lib/gridmail": ("store", "gridmail", "gridmail", 0o700),
          "/etc/gridmail": ("config", "root", "gridmail", 0o750),
          "/var/lib/gridmail-machine": ("machine", "root", "root", 0o700)}
COLUMNS = "PATH,TYPE,SIZE,RO,SERIAL,LABEL,FSTYPE,PTTYPE,UUID,PTUUID"


class Refused(Exception):
    """What is wrong, in words for the console."""


class Device(collections.namedtuple("Device", "path size serial is_blank is_boot is_read_only is_ours", defaults=(False, False, False))):
    """Blank: no signature of any kind, no partitions. Boot: the running system came from it. Ours: it carries our label."""

    @property
    def is_usable(self):
        return not self.is_boot and not self.is_read_only and self.size >= BYTES_MIN

    def __str__(self):
        what = ("the boot medium" if self.is_boot else "cannot be written" if self.is_read_only else
                "too small" if not self.is_usable else "blank" if self.is_blank else "the data disk of a node" if self.is_ours
                else "holds something")
        return f"{self.path}  {self.size / (1 << 30):.1f} GiB  serial {self.serial or '-'}  {what}"


def choose(devices, serial=""):
    """Which disk to make the data disk: the one with that serial number, whatever it holds but a node's data; else the only blank one."""
    usable = [device for device in devices if device.is_usable]
    if serial:
        named = [device for device in usable if device.serial == serial]
        if len(named) != 1:
            raise Refused(f"{len(named)} usable disks have the serial number {serial}")
        if named[0].is_ours:
            raise Refused(f"{named[0].path} is the data disk of a node already: a restart takes it; only key s erases it")
        return named[0]
    blank = [device for device in usable if device.is_blank]
    if len(blank) > 1:
        raise Refused(f"{len(blank)} disks are blank: name one by its serial number")
    if not blank:
        raise Refused("no disk is blank: attach one, or name one by its serial number, which erases it")
    return blank[0]


def devices_of(rows, boot_devices):
    """lsblk's rows as devices."""
    found = []
    for row in rows:
        if row["type"] != "disk" or row["path"].startswith(("/dev/ram", "/dev/zram", "/dev/fd")):
            continue
        children = row.get("children") or []
        signed = any(row.get(key) for key in ("fstype", "pttype", "label", "uuid", "ptuuid"))
        names = {row["path"], *(child["path"] for child in children)}
        found.append(Device(row["path"], int(row["size"]), row.get("serial") or "", not children and not signed,
                            bool(names & boot_devices), bool(row["ro"]), bool(labelled([row], LABEL))))
    return found


def labelled(rows, label):
    """Paths of what carries the label, in any case: FAT knows one only."""
    found = []
    for row in rows:
        if (row.get("label") or "").lower() == label.lower():
            found.append(row["path"])
        found += labelled(row.get("children") or [], label)
    return found


def list_rows():
    done = subprocess.run(["lsblk", "--json", "--bytes", "--output", COLUMNS], check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Refused(f"lsblk cannot list the disks: exit code {done.returncode}")
    return json.loads(done.stdout)["blockdevices"]


def boot_devices():
    """What the running system came from; live-boot mounts it there."""
    found = set()
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        device, place = line.split()[:2]
        if device.startswith("/dev/") and place.startswith(("/run/live", "/usr/lib/live")):
            found.add(os.path.realpath(device))
    return found


def devices():
    """As lsblk tells, but blank only where wipefs finds no signature either."""
    found = []
    for device in devices_of(list_rows(), boot_devices()):
        if device.is_blank:
            done = subprocess.run(["wipefs", "--no-act", "--parsable", device.path], check=False, stdout=subprocess.PIPE)
            device = device._replace(is_blank=done.returncode == 0 and not done.stdout.strip())
        found.append(device)
    return found


def is_mounted():
    return os.path.ismount(MOUNT)


def mount(path):
    # A journal is replayed by the mount; what else a power cut may have left is mended here.
    if subprocess.run(["e2fsck", "-p", path], check=False, stdout=subprocess.DEVNULL).returncode > 1:
        raise Refused(f"{path}: the file system of the data disk is damaged: e2fsck {path} in a shell mends it")
    MOUNT.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "noatime", path, MOUNT], check=True)
    for place, (folder, user, group, mode) in PLACES.items():
        (MOUNT / folder).mkdir(exist_ok=True)
        pathlib.Path(place).mkdir(exist_ok=True)
        subprocess.run(["mount", "--bind", MOUNT / folder, place], check=True)
        os.chown(place, pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid)
        os.chmod(place, mode)


def carriers():
    """Devices with our label, as they say themselves: early in a boot udev, which lsblk asks, has not come to all of them."""
    done = subprocess.run(["blkid", "--cache-file", "/dev/null", "--match-token", f"LABEL={LABEL}", "--output", "device"], check=False,
                          stdout=subprocess.PIPE, text=True)
    return done.stdout.split()


def adopt(waits=True):
    """Mounts the disk with our label, if there is one."""
    found = carriers()
    if not found and waits:  # disks may still be on their way
        subprocess.run(["udevadm", "settle", "--timeout=30"], check=False)
        found = carriers()
    if len(found) > 1:
        raise Refused(f"{len(found)} disks carry the label {LABEL}: {', '.join(found)}; leave one attached")
    if found:
        mount(found[0])


def make(path):
    """Erases the disk and makes it ours."""
    subprocess.run(["wipefs", "--all", "--quiet", path], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-L", LABEL, path], check=True)
    mount(path)
