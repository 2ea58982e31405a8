"""A machine's disk: an ext4 file system on a loop device, whose image lies in a small file system in memory.

Full: a file takes what is free. Hanging: the file system is frozen; writes wait and no error comes. Broken: the image can
have no more blocks, so that writing back gives EIO. All of it lives in the run's own mount namespace.
"""

import pathlib
import subprocess
import time

MIB = 1 << 20


class DiskError(Exception):
    """A command that prepares a disk failed."""


def run(*command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode != 0:
        raise DiskError(f"{' '.join(map(str, command))}: {done.stdout}")


class NodeDisk:
    def __init__(self, folder, name, mebibytes):
        """Mounts an empty disk at folder/name; its image is at folder/name.backing/image."""
        self.mount_point = pathlib.Path(folder) / name
        self.backing = pathlib.Path(folder) / f"{name}.backing"
        self.bytes = mebibytes * MIB
        self.frozen = False
        for directory in (self.mount_point, self.backing):
            directory.mkdir(parents=True)
        run("mount", "-t", "tmpfs", "-o", f"size={self.bytes + 64 * MIB}", "faults", self.backing)
        self.image = self.backing / "image"
        with open(self.image, "wb") as image:
            image.truncate(self.bytes)
        # No space is reserved for root, who runs all this; errors show, and do not stop the machine.
        run("mkfs.ext4", "-q", "-m", "0", "-E", "nodiscard", "-O", "^metadata_csum_seed", self.image)
        self.mount()

    def mount(self):
        # The loop device goes with the mount.
        run("mount", "-o", "loop,errors=remount-ro,noatime", self.image, self.mount_point)

    def unmount(self):
        self.thaw()
        # A process that was killed may hold its files for a while yet.
        for _ in range(100):
            try:
                return run("umount", self.mount_point)
            except DiskError as error:
                busy = error
                time.sleep(0.2)
        raise busy

    # --- put back ---

    def keep_image(self, path):
        """The disk as it is now; the node must be down. Blocks never written stay holes."""
        run("sync", "--file-system", self.mount_point)
        run("cp", "--sparse=always", self.image, path)

    def put_back(self, path):
        """The node must be down."""
        self.unmount()
        run("cp", "--sparse=always", path, self.image)
        self.mount()

    # --- full ---

    def fill(self, leave):
        """Takes all but `leave` bytes."""
        status = subprocess.run(["df", "--output=avail", "-B1", str(self.mount_point)], stdout=subprocess.PIPE, text=True,
                                check=True).stdout.split()
        take = int(status[1]) - leave
        if take > 0:
            # The file may end up smaller when the node takes space at the same time: then the disk is full, as wanted.
            subprocess.run(["fallocate", "-l", str(take), str(self.mount_point / "filler")], stderr=subprocess.DEVNULL,
                           check=False)

    def empty_out(self):
        (self.mount_point / "filler").unlink(missing_ok=True)

    # --- hanging ---

    def freeze(self):
        run("fsfreeze", "--freeze", self.mount_point)
        self.frozen = True

    def thaw(self):
        if self.frozen:
            run("fsfreeze", "--unfreeze", self.mount_point)
            self.frozen = False

    # --- broken ---

    def break_down(self):
        """New blocks cannot be written any more: EIO at the next sync."""
        for slack in (1, 4, 16):  # what is written meanwhile makes too small a size fail
            used = int(subprocess.run(["df", "--output=used", "-B1", str(self.backing)], stdout=subprocess.PIPE, text=True,
                                      check=True).stdout.split()[1])
            try:
                run("mount", "-o", f"remount,size={used + slack * MIB}", self.backing)
                return
            except DiskError:
                if slack == 16:
                    raise

    def repair(self):
        """The node must be down. What was not written is gone, as with a disk that failed for a while."""
        run("mount", "-o", f"remount,size={self.bytes + 64 * MIB}", self.backing)
        self.unmount()
        checked = subprocess.run(["e2fsck", "-fy", str(self.image)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, check=False)
        if checked.returncode > 2:
            raise DiskError(f"e2fsck: {checked.stdout}")
        self.mount()
