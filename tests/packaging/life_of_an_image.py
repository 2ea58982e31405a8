"""What the boot image goes through in QEMU: each firmware and medium, fresh and with data; what it refuses; three machines that it makes
a grid, and the power cut of the one that stores the mail."""

import contextlib
import imaplib
import smtplib
import subprocess
import time

import mail_traffic
import qemu_machine  # which finds the ones of tests/support
import admin_manual
from grid_api import ApiError, path_part
from loopback_grid import GridError, wait_until
from qemu_machine import DHCP_ADDRESS, Network, QemuMachine, answers_volume, disk, label_of

PASSWORD = "password of the test"
SSH_KEY = qemu_machine.WORK / "ssh-key"
IMAGE_BYTES_MAX = 600_000_000
SETTLED_SECONDS = 600
BUSY = (ApiError, OSError)


def check(what, is_so):
    if not is_so:
        raise GridError(what)


def answers(name, address, setup, machine=""):
    """What an admin would write: packaging/admin.md."""
    return f"""hostname = "{name}.example.test"

[peer]
advertise = "{address}:7420"

[listen]
smtp = "0.0.0.0:25"
imaps = "0.0.0.0:993"
http = "127.0.0.1:7480"
https = "0.0.0.0:7443"

[setup]
{setup}

[machine]
name = "{name}"
{machine}
"""


NEW_GRID = f'admin_password = "{PASSWORD}"'
# Emulated machines that share two processors have a fiftieth of one each: too little to open thousands of slots in a lease's time.
SMALL_GRID = f"{NEW_GRID}\n\n[creation]\nslots = 256"


def ssh_key():
    """The public one, as an admin's ~/.ssh/id_ed25519.pub has it."""
    if not SSH_KEY.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "admin@example.org", "-f", SSH_KEY], check=True)
    return SSH_KEY.with_suffix(".pub").read_text().strip()


# --- one machine ---

def fresh_and_again(is_uefi, is_usb):
    """A new grid by a CIDATA volume; its power is cut; it comes back with its disk and no answers. SSH where a key was given."""
    name = f"{'uefi' if is_uefi else 'bios'}-{'usb' if is_usb else 'cd'}"
    data = disk(f"{name}.data")
    kind = {"is_uefi": is_uefi, "is_usb": is_usb}
    volume = answers_volume(name, answers(name, DHCP_ADDRESS, NEW_GRID, f'ssh_key = "{ssh_key()}"' if is_usb else ""))
    with QemuMachine(name, [data, volume], **kind) as machine:
        fresh = machine.wait_until_ready()
        machine.wait_for(rf"dashboard   https://{DHCP_ADDRESS}:7443/")
        check_ssh(machine, is_usb)
        machine.api(PASSWORD).post("/domains", {"name": "kept.test"})
    check(f"the label of the data disk is {label_of(data)}", label_of(data) == "gridmail-data")
    with QemuMachine(f"{name}-again", [data], **kind) as machine:
        again = machine.wait_until_ready()
        machine.wait_for(rf"gridmail [0-9.]+   {name} ")
        check_ssh(machine, is_usb)
        names = [row["name"] for row in machine.api(PASSWORD).get("/domains")]
        check(f"domains after the power cut: {names}", "kept.test" in names)
        machine.screenshot(name)
        kernel = machine.in_shell("systemd-analyze time | head -1").strip().splitlines()[-1]
        if not is_usb and not is_uefi:
            look_as_the_manual_says(machine)
    data.unlink()
    return f"(ready {fresh:.0f} s after power on, {again:.0f} s with data: {kernel})"


def check_ssh(machine, is_asked_for):
    check("SSH answers only where a key was given", machine.ssh_greets() == is_asked_for)
    if is_asked_for:
        status = machine.log_in_by_ssh(SSH_KEY, "gridmail --version; systemctl is-active gridmail")
        check(f"a log-in by SSH shows {status!r}", "active" in status.split())


def look_as_the_manual_says(machine):
    for line in ("systemctl status gridmail", "journalctl -k", "timedatectl"):
        shown = machine.in_shell(f"({admin_manual.meant(line)}) >/run/shown; echo exit $?")
        check(f"{line}: {shown}", "exit 0" in shown)


def power_cut_in_the_first_boot():
    """Once when the data disk has just got its label, once when the node has just begun; the third start makes the grid all the same."""
    data = disk("cut.data")
    volume = answers_volume("cut", answers("cut", DHCP_ADDRESS, NEW_GRID))
    with QemuMachine("cut-1", [data, volume]) as machine:
        wait_until("the data disk has its label", lambda: label_of(data) == "gridmail-data", qemu_machine.BOOT_SECONDS, 0.1)
    with QemuMachine("cut-2", [data, volume]) as machine:
        machine.wait_for(r"node        activating", interval=0.05)
    with QemuMachine("cut-3", [data, volume]) as machine:
        seconds = machine.wait_until_ready()
        machine.wait_for(r"gridmail [0-9.]+   cut ")
        machine.api(PASSWORD).post("/domains", {"name": "kept.test"})
        machine.screenshot("cut")
    data.unlink()
    return f"(ready {seconds:.0f} s after the third power on)"


def bios_cd():
    return fresh_and_again(False, False)


def bios_usb():
    return fresh_and_again(False, True)


def uefi_cd():
    return fresh_and_again(True, False)


def uefi_usb():
    return fresh_and_again(True, True)


def disks_that_are_refused():
    """One that holds something, then two blank ones; afterwards an admin at the console says which, and what the node is called."""
    foreign = disk("foreign.data", "holiday-photos")
    volume = answers_volume("foreign", answers("foreign", DHCP_ADDRESS, NEW_GRID))
    with QemuMachine("foreign", [foreign, volume]) as machine:
        machine.wait_for(r"was not set up: no disk is blank")
        machine.wait_for(r"serial DISK0  holds something")
        machine.screenshot("refused")
    check(f"the foreign disk is now {label_of(foreign)}", label_of(foreign) == "holiday-photos")

    blank = [disk("blank0.data"), disk("blank1.data")]
    with QemuMachine("several", [*blank, volume], is_usb=True) as machine:
        machine.wait_for(r"was not set up: 2 disks are blank")
        machine.wait_for(r"serial DISK1  blank")
    check("a blank disk was written to", not any(label_of(path) for path in blank))
    for path in blank:
        path.unlink()
    return set_up_at_the_console(foreign)


def set_up_at_the_console(foreign):
    with QemuMachine("console", [foreign], is_uefi=True) as machine:
        machine.wait_for("not set up")
        machine.converse(("s set up", "s"), ("Number of the data disk: $", "1\r"), ("Type .erase /dev/vda.: $", "yes\r"))
        machine.wait_for("Enter goes on")
        machine.type("\r")
        check(f"the foreign disk is now {label_of(foreign)}", label_of(foreign) == "holiday-photos")
        machine.converse(("s set up", "s"), ("Number of the data disk: $", "1\r"), ("Type .erase /dev/vda.: $", "erase /dev/vda\r"),
                         (r"Name of this machine \[gridmail-000010\]: $", "mail9\r"), ("Its address.*: $", "\r"),
                         ("Name of this machine to mail clients.*: $", "mail9.example.test\r"), ("other nodes reach it.*: $", "\r"),
                         ("Its zone.*: $", "\r"), ("Join token.*: $", "\r"), ("postmaster.*: $", "\r"))
        password = machine.wait_for(r"password +(\S+)").group(1)
        machine.wait_for("Enter goes on")
        machine.screenshot("set-up")
        machine.type("\r")
        machine.wait_until_ready()
        keys_at_the_console(machine, password)
    foreign.unlink()


def keys_at_the_console(machine, password):
    machine.forget()
    machine.wait_for(r"node        active")
    machine.screenshot("console")
    machine.converse(("r restart", "r"), ("The node restarts", ""))
    machine.wait_until_ready()
    machine.converse(("n network", "n"), (r"Change it\? \[no\]: $", "y\r"), ("Its address.*: $", "10.0.2.15/24\r"),
                     ("Gateway: $", "10.0.2.2\r"), ("DNS servers: $", "10.0.2.3\r"), ("addresses   10.0.2.15", ""))
    machine.wait_until_ready()
    check("the address is not kept", "Address=10.0.2.15/24" in machine.in_shell("cat /var/lib/gridmail-machine/10-static.network"))
    machine.converse(("d drain", "d"), ("away.*: $", "30m\r"), (r"Its name in the grid \[mail9\]: $", "\r"),
                     ("Password of admin: $", f"{password}\r"))
    machine.wait_for("Enter goes on")
    machine.screenshot("drain")
    machine.type("\r")


# --- several machines ---

class Grid:
    """Machines of the image on one network: the first with a new grid, the others join it."""

    def __init__(self, stack):
        self.stack = stack
        self.names = [f"mail{number}" for number in range(1, 4)]
        self.disks = [disk(f"{name}.data") for name in self.names]
        self.guests = ["10.0.2.101", "10.0.2.102", "10.0.2.17"]  # the third by DHCP, as the third that asks
        self.kinds = [{"is_uefi": True}, {"is_usb": True}, {"is_uefi": True, "is_usb": True}]
        self.running = {}
        stack.enter_context(Network(self.guests))

    def power_on(self, place, log, volumes=(), **options):
        machine = self.stack.enter_context(QemuMachine(log, [self.disks[place], *volumes], place=place + 1,
                                                       **self.kinds[place], **options))
        self.running[self.names[place]] = machine
        return machine

    def cut_power(self, name):
        self.running.pop(name).cut_power()

    def remove_disks(self):
        for path in self.disks:
            path.unlink()

    def answers(self, place, setup, is_static=True):
        machine = f'address = "{self.guests[place]}/24"\ngateway = "10.0.2.2"' if is_static else ""
        return answers(self.names[place], self.guests[place], setup, machine)

    def answers_of_the_manual(self, place, token):
        """Every key that the manual shows, with what it is called here."""
        name = self.names[place]
        return admin_manual.answers(1, {
            "mail3.example.org": f"{name}.example.test", 'name = "mail3"': f'name = "{name}"', "192.0.2.3": self.guests[place], "TOKEN": token,
            "S3Z8NB0K": "DISK0", "eno1": qemu_machine.INTERFACE, "192.0.2.254": "10.0.2.2", "192.0.2.53": "10.0.2.3", "192.0.2.123": "10.0.2.2",
            "ssh-ed25519 AAAA... admin@example.org": ssh_key()})

    def api(self):
        return next(iter(self.running.values())).api(PASSWORD)

    def token(self):
        def made():
            try:
                return self.api().post("/join-tokens", {"ttl_seconds": 3600})["token"]
            except BUSY:
                return None
        return wait_until("a join token", made, 180, 2)

    def create(self, path, body):
        """As often as it takes: machines that share two processors are too busy now and then."""
        def created():
            try:
                self.api().post(path, body)
            except ApiError as error:
                return error.status == 409  # by the try before
            except OSError:
                return False
            return True
        wait_until(f"{path} {body}", created, 180, 2)

    def wait_until_whole(self, count):
        """Each of so many machines has its share, two copies of everything are in sync, nothing is on its way."""
        def whole():
            try:
                slots = self.api().get("/slots")
                return (len({node for row in slots for node in row["in_sync"]}) == count and
                        self.api().get("/status")["verdict"] == "healthy" and
                        not any(row["joining"] or len(row["in_sync"]) < 2 for row in slots))
            except BUSY:
                return False
        wait_until(f"a healthy grid of {count} with two copies of everything", whole, SETTLED_SECONDS, 5)

    def holder(self):
        """The name of the machine that is the primary of the user's mailbox."""
        def found():
            try:
                row = self.api().get(f"/users/{path_part(mail_traffic.USER)}/location")
                return next(node["name"] for node in self.api().get("/nodes") if node["id"] == row["primary"])
            except BUSY:
                return None
        return wait_until("who stores the mail", found, 180, 2)


def is_sent(machine, subject):
    try:
        mail_traffic.send(machine, subject)
    except (OSError, smtplib.SMTPException):
        return False
    return True


def subjects_at(machine):
    try:
        return set(mail_traffic.subjects(machine))
    except (OSError, imaplib.IMAP4.error):
        return set()


def two_machines():
    """The other way round than with three: a new grid by an SMBIOS credential, a join by a CIDATA volume."""
    with contextlib.ExitStack() as stack:
        grid = Grid(stack)
        grid.power_on(0, "pair1", credential=grid.answers(0, SMALL_GRID)).wait_until_ready()
        volume = answers_volume("pair2", grid.answers_of_the_manual(1, grid.token()))
        grid.power_on(1, "pair2", [volume]).wait_until_ready()
        grid.wait_until_whole(2)
    grid.remove_disks()


def three_machines():
    """A new grid by a CIDATA volume; joins by an SMBIOS credential and by the kernel's command line."""
    with contextlib.ExitStack() as stack:
        grid = Grid(stack)
        volume = answers_volume("mail1", grid.answers(0, SMALL_GRID))
        grid.power_on(0, "mail1", [volume]).wait_until_ready()
        used = grid.token()
        grid.power_on(1, "mail2", credential=grid.answers(1, f'join = "{used}"')).wait_until_ready()
        grid.wait_until_whole(2)
        refuse_a_used_token(grid, used)
        # The answers that were refused are gone; what they said of the machine is on its disk.
        machine = grid.power_on(2, "mail3")
        machine.add_to_kernel_line(f"gridmail.join={grid.token()}")
        machine.wait_until_ready()
        grid.wait_until_whole(3)
        note = power_cut_of_the_holder(grid)
    grid.remove_disks()
    return note


def refuse_a_used_token(grid, used):
    machine = grid.power_on(2, "mail3-refused", [answers_volume("mail3", grid.answers(2, f'join = "{used}"', is_static=False))])
    machine.wait_for(r"was not set up: ")
    machine.wait_for(r"join token was used")
    machine.screenshot("bad-token")
    grid.cut_power("mail3")


def power_cut_of_the_holder(grid):
    grid.create("/domains", {"name": "example.test"})
    grid.create("/users", {"address": mail_traffic.USER, "password": mail_traffic.PASSWORD})
    wait_until("mail is taken", lambda: is_sent(grid.running["mail2"], "hello"), 180, 2)
    wait_until("it is read at another machine", lambda: "hello" in subjects_at(grid.running["mail3"]), 180, 2)

    holder = grid.holder()
    begun = time.monotonic()
    grid.cut_power(holder)
    reader, sender = grid.running.values()
    wait_until("the mail is read again", lambda: "hello" in subjects_at(reader), 180, 1)
    seconds = time.monotonic() - begun
    wait_until("mail is taken again", lambda: is_sent(sender, "while away"), 180, 2)
    grid.power_on(grid.names.index(holder), f"{holder}-back").wait_until_ready()
    grid.wait_until_whole(3)
    for machine in grid.running.values():
        wait_until(f"all mail at {machine.name}", lambda at=machine: {"hello", "while away"} <= subjects_at(at), 180, 2)
    return f"(power cut of {holder}: read again after {seconds:.0f} s; two copies of everything after its return)"


STAGES = (bios_cd, bios_usb, uefi_cd, uefi_usb, power_cut_in_the_first_boot, disks_that_are_refused, two_machines, three_machines)


def live(names):
    """The stages of these names, or all. Returns the exit code; the first that fails is the last."""
    qemu_machine.WORK.mkdir(parents=True, exist_ok=True)
    size = qemu_machine.ISO.stat().st_size
    if size > IMAGE_BYTES_MAX:
        print(f"the image has {size} bytes, more than {IMAGE_BYTES_MAX}\n0 passed, 1 failed")
        return 1
    qemu_machine.write_stick()
    passed = 0
    for stage in [stage for stage in STAGES if not names or stage.__name__ in names]:
        begun = time.monotonic()
        try:
            note = stage() or ""
        except (GridError, ApiError, OSError, smtplib.SMTPException) as error:
            print(f"failed: {stage.__name__}: {error}\n{passed} passed, 1 failed", flush=True)
            return 1
        passed += 1
        print(f"{stage.__name__.replace('_', ' ')}: {time.monotonic() - begun:.0f} s {note}", flush=True)
    qemu_machine.STICK.unlink(missing_ok=True)
    print(f"{passed} passed, 0 failed", flush=True)
    return 0
