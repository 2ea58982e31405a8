"""What goes wrong. Each fault begins, is held for a while, and ends; after it ended the grid must heal by itself.

`heavy` faults touch stored data, or may cost a copy: the next fault waits until every record has its copies again.
"""

import contextlib
import os
import pathlib
import signal
import smtplib
import time

from loopback_grid import GridError, is_our_process, wait_until
from mail_clients import TIMEOUT, TROUBLE, check_ok, imap_session, select_inbox
from packet_switch import Link

LOST = Link(loss=1.0)
MIB = 1 << 20


class Fault:
    heavy = False
    seconds = (2, 10)  # for how long it is held

    def __init__(self, grid, random):
        self.grid, self.random = grid, random
        self.node = random.choice(grid.nodes)
        self.hold = random.uniform(*self.seconds)

    def describe(self):
        return f"{self.title} on {self.node['name']}"

    def begin(self):
        raise NotImplementedError

    def end(self):
        raise NotImplementedError

    def machines(self):
        return [node["machine"] for node in self.grid.nodes]

    def start_again(self, node):
        """Brings a node back, which may have ended by itself."""
        if not is_our_process(node["pid"]):
            self.grid.start_node(node["name"], 120)


class Kill(Fault):
    title = "kill -9"
    seconds = (0.5, 12)
    heavy = True

    def begin(self):
        self.grid.kill(self.node["name"])

    def end(self):
        self.start_again(self.node)


class ClockJump(Kill):
    """The clock that leases go by starts elsewhere, as after a suspended or replaced machine."""
    title = "killed, and back with a clock set by days"
    seconds = (0, 2)

    def end(self):
        self.grid.clocks[self.node["name"]] = self.random.randrange(0, 40 * 24 * 3600)
        super().end()


class KillAll(Fault):
    title = "kill -9 of all nodes at once"
    seconds = (0, 1)
    heavy = True

    def describe(self):
        return self.title

    def begin(self):
        for node in self.grid.nodes:
            os.kill(node["pid"], signal.SIGKILL)
        for node in self.grid.nodes:
            self.grid.kill(node["name"])

    def end(self):
        self.grid.start_all_again(120)


class Pause(Fault):
    title = "SIGSTOP for longer than a lease"
    seconds = (3.5, 9)
    heavy = True

    def begin(self):
        os.kill(self.node["pid"], signal.SIGSTOP)

    def end(self):
        os.kill(self.node["pid"], signal.SIGCONT)


class Isolate(Fault):
    """From the other nodes; clients still reach it."""
    title = "cut off from the other nodes"
    seconds = (3, 15)

    def links(self):
        alone = self.node["machine"]
        others = [machine for machine in self.machines() if machine != alone]
        return {pair: LOST for other in others for pair in ((alone, other), (other, alone))}

    def begin(self):
        self.grid.network.set_links(self.links())

    def end(self):
        self.grid.network.set_links({})


class OneWay(Isolate):
    title = "nodes hear it, it hears none"

    def links(self):
        return {(source, target): link for (source, target), link in super().links().items()
                if target == self.node["machine"]}


class OneWayOut(Isolate):
    title = "it hears all nodes, none hears it"

    def links(self):
        return {(source, target): link for (source, target), link in super().links().items()
                if source == self.node["machine"]}


class Split(Isolate):
    title = "the grid in two parts"

    def describe(self):
        return f"{self.title}, {sorted(self.one_side)} alone"

    def __init__(self, grid, random):
        super().__init__(grid, random)
        self.one_side = random.sample(self.machines(), 2)

    def links(self):
        return {(a, b): LOST for a in self.machines() for b in self.machines()
                if (a in self.one_side) != (b in self.one_side)}


class Bridge(Split):
    title = "two parts that one node reaches"

    def links(self):
        between = next(machine for machine in self.machines() if machine not in self.one_side)
        return {(a, b): link for (a, b), link in super().links().items() if between not in (a, b)}


class Loss(Isolate):
    title = "30 % loss between all"
    seconds = (5, 15)

    def describe(self):
        return self.title

    def links(self):
        everyone = [*self.machines(), self.grid.network.CLIENTS]
        return {(a, b): Link(loss=0.3) for a in everyone for b in everyone if a != b}


class Slow(Isolate):
    title = "a slow and uneven line"
    seconds = (5, 15)

    def links(self):
        return {pair: Link(loss=0.02, delay=0.05, jitter=0.2) for pair in super().links()}


class FullDisk(Fault):
    """Less than the reserve, then nothing at all: intake is refused, or the node stops; nothing is lost."""
    title = "full disk"
    seconds = (5, 12)
    heavy = True

    def __init__(self, grid, random):
        super().__init__(grid, random)
        self.leave = random.choice([0, 1, 40]) * MIB

    def describe(self):
        return f"{super().describe()}, {self.leave // MIB} MiB left"

    def begin(self):
        self.grid.disk(self.node).fill(self.leave)

    def end(self):
        self.grid.disk(self.node).empty_out()
        self.start_again(self.node)


class LowDisk(Fault):
    """Less than the reserve is left, and more than the floor. Nobody writes what is large to that disk any more, be it the
    primary's or another copy's: senders are told to come again, clients can delete, and the node lives."""
    title = "a disk at its reserve"
    seconds = (5, 12)
    heavy = True
    leave = 160 * MIB

    def begin(self):
        self.user = self.grid.user_stored_on(self.node)
        self.wait_for_answer(250)
        self.grid.disk(self.node).fill(self.leave)
        wait_until(f"{self.node['name']} says that its disk is full", lambda: self.grid.has_low_space(self.node), 30)
        if self.grid.is_stored_on(self.node, self.user):  # or it has moved meanwhile
            self.wait_for_answer(452)
        wait_until("mail deleted although a disk is full", self.delete_all, 60)

    def front(self):
        """Any other node."""
        return self.random.choice([node for node in self.grid.nodes if node is not self.node])

    def wait_for_answer(self, wanted):
        wait_until(f"a message for {self.user['address']} answered with {wanted}",
                   lambda: self.answer_to_message() == wanted, 60, 0.5)

    def answer_to_message(self):
        node = self.front()
        try:
            with contextlib.closing(smtplib.SMTP(node["host"], node["smtp"], timeout=TIMEOUT,
                                                 local_hostname="client.test")) as smtp:
                smtp.sendmail("sender@elsewhere.test", [self.user["address"]], b"Subject: full\r\n\r\ntext\r\n")
                return 250
        except smtplib.SMTPRecipientsRefused as error:
            return error.recipients[self.user["address"]][0]
        except smtplib.SMTPResponseException as error:
            return error.smtp_code
        except TROUBLE:
            return None

    def delete_all(self):
        try:
            with imap_session(self.front(), self.user) as imap:
                uids = select_inbox(imap)[1]
                if not uids:
                    return True
                check_ok(imap.uid("STORE", ",".join(map(str, uids)), "+FLAGS.SILENT", r"(\Deleted)"))
                check_ok(imap.expunge())
                return not select_inbox(imap)[1]
        except TROUBLE:
            return False

    def end(self):
        lives = is_our_process(self.node["pid"])
        self.grid.disk(self.node).empty_out()
        self.start_again(self.node)
        if not lives:
            raise GridError(f"{self.node['name']} ended by itself though its reserve was not used up")


class HangingDisk(Fault):
    title = "a disk that hangs"
    seconds = (4, 12)
    heavy = True

    def begin(self):
        self.grid.disk(self.node).freeze()

    def end(self):
        self.grid.disk(self.node).thaw()
        time.sleep(1)
        self.start_again(self.node)


class BrokenDisk(Fault):
    """Syncs fail. A disk error stops the node (fail-stop); the disk comes back as it was."""
    title = "disk errors"
    seconds = (5, 12)
    heavy = True

    def begin(self):
        self.grid.disk(self.node).break_down()

    def end(self):
        self.grid.kill(self.node["name"])
        self.grid.disk(self.node).repair()
        self.start_again(self.node)


class DamagedFile(Fault):
    """Bytes of a table file turn, under a running node or while it is down. Nobody puts them right: the node notices when it reads
    them, leaves behind what it cannot read, and has it again from the other copies."""
    title = "a damaged SST file"
    seconds = (3, 8)
    heavy = True
    bytes_max = 64

    def __init__(self, grid, random):
        super().__init__(grid, random)
        self.running = random.random() < 0.5

    def describe(self):
        return f"{super().describe()}, which {'runs' if self.running else 'is down'}"

    def restart(self, cache_bytes):
        self.grid.kill(self.node["name"])
        self.grid.set_cache(self.node, cache_bytes)
        self.start_again(self.node)

    def begin(self):
        self.restart("2 MiB")
        if not self.running:
            self.grid.kill(self.node["name"])
        # Not the node's own records: without these it is another node (a blank disk).
        files = [path for family in ("meta", "body", "log")
                 for path in pathlib.Path(self.node["dir"]).glob(f"disk/data/store/{family}/*.sst")]
        files.sort(key=lambda path: -path.stat().st_size)
        self.file = self.random.choice(files[:3]) if files else None
        if self.file:
            self.turn_bytes()
        if not self.running:
            self.start_again(self.node)

    def turn_bytes(self):
        with open(self.file, "r+b") as table:
            table.seek(self.random.randrange(self.file.stat().st_size))
            at = table.tell()
            damaged = bytes(byte ^ 0x55 for byte in table.read(self.bytes_max))
            table.seek(at)
            table.write(damaged)
        print(f"           {self.file.parent.name}/{self.file.name} at {at}", flush=True)

    def end(self):
        """Everything is read once, now and not within a month."""
        self.start_again(self.node)
        if self.file:
            self.grid.scrub_all(300)
        self.restart(self.grid.cache_bytes)


class BlankDisk(Fault):
    title = "a blank disk in place of its own"
    seconds = (0.5, 8)
    heavy = True

    def begin(self):
        self.grid.kill(self.node["name"])

    def end(self):
        self.grid.replace_disk(self.node, 300)


class OldDisk(Fault):
    """Backup and restore gone wrong: the node goes on, then gets the disk that it had before. What it acknowledged since is on
    other disks only."""
    title = "an old disk put back"
    seconds = (8, 20)
    heavy = True

    def begin(self):
        self.image = pathlib.Path(self.node["dir"]) / "old-image"
        self.grid.kill(self.node["name"])
        self.grid.disk(self.node).keep_image(self.image)
        self.start_again(self.node)

    def end(self):
        self.grid.kill(self.node["name"])
        self.grid.disk(self.node).put_back(self.image)
        self.image.unlink()
        self.start_again(self.node)


LIGHT = [Isolate, OneWay, OneWayOut, Split, Bridge, Loss, Slow]
PROCESSES = [Kill, ClockJump, KillAll, Pause]
DISKS = [FullDisk, LowDisk, HangingDisk, BrokenDisk, DamagedFile, BlankDisk, OldDisk]
ALL = [*LIGHT, *PROCESSES, *DISKS]
