"""The console of a machine that runs from the image, on its screen and its serial line: how the node is, and keys for what an admin
does at the machine itself. Whoever stands here has the machine: it asks for no password, but the grid does, where a key changes it."""

import contextlib
import getpass
import os
import select
import signal
import subprocess
import sys
import termios
import tty

import console_screen
import data_disk
import first_boot
import machine_settings
import result
from data_disk import Refused

REFRESH_SECONDS = 5, 30
LOOKING_SHARE = 0.05  # of a processor, where it is so slow that looking takes long


def ask(question):
    print(question, end="", flush=True)
    return sys.stdin.readline().strip()


def pause():
    ask("Enter goes on. ")


def run(*command, **options):
    """What it says of errors is shown, too: this program's own go to the journal."""
    return subprocess.run(command, check=False, stderr=subprocess.STDOUT, **options).returncode


def draw(version):
    """In place, so that nothing flickers. Returns after how many seconds to look again."""
    begun = sum(os.times()[:4])
    lines = console_screen.lines_of(console_screen.look(version))
    print("\033[H" + "".join(line + "\033[K\r\n" for line in lines) + "\033[J", end="", flush=True)
    soonest, latest = REFRESH_SECONDS
    return min(max(soonest, (sum(os.times()[:4]) - begun) / LOOKING_SHARE), latest)


def key_or_refresh(seconds):
    return os.read(sys.stdin.fileno(), 1).decode(errors="replace") if select.select([sys.stdin], [], [], seconds)[0] else ""


@contextlib.contextmanager
def whole_lines(before):
    """While a key's action runs, the line is as it was `before`: it shows what is typed, and gives lines."""
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
    try:
        yield
    finally:
        tty.setcbreak(sys.stdin, termios.TCSADRAIN)  # what was typed meanwhile is not lost


# --- what the keys do ---

def choose_disk():
    """None: nothing was chosen. What holds anything is taken only after a phrase."""
    usable = [device for device in data_disk.devices() if device.is_usable]
    if not usable:
        raise Refused("there is no disk that could be the data disk")
    for number, device in enumerate(usable, 1):
        print(f"  {number}  {device}")
    answer = ask("Number of the data disk: ")
    if not answer.isdecimal() or not 1 <= int(answer) <= len(usable):
        return None
    chosen = usable[int(answer) - 1]
    phrase = f"erase {chosen.path}"
    if not chosen.is_blank and ask(f"All that it holds is erased. Type \"{phrase}\": ") != phrase:
        return None
    return chosen


def ask_or_keep(question, kept, without):
    """An empty answer keeps what is there."""
    answer = ask(f"{question} [{kept}] (-: {without}): " if kept else f"{question}: ")
    return "" if answer == "-" else answer or kept


def ask_interface(interfaces, kept):
    if kept not in interfaces:  # the disk came here from another machine
        return ask(f"Interface ({', '.join(interfaces)}): ")
    return ask(f"Interface ({', '.join(interfaces)}) [{kept}]: ") or kept


def ask_network():
    """What is not asked stays as it is."""
    kept = machine_settings.kept_network()
    interfaces = machine_settings.ethernet_interfaces()
    machine = {"ntp": kept["ntp"]} if "ntp" in kept else {}
    was = kept.get("address", "")
    address = ask_or_keep("Its address" if was else "Its address, such as 192.0.2.1/24 (nothing: by DHCP)", was, "by DHCP")
    if address:
        machine["address"] = address
        if len(interfaces) > 1:
            machine["interface"] = ask_interface(interfaces, kept.get("interface"))
        if gateway := ask_or_keep("Gateway", kept.get("gateway", ""), "none"):
            machine["gateway"] = gateway
    if address or "dns" in kept:
        machine["dns"] = ask_or_keep("DNS servers", " ".join(kept.get("dns", [])), "none").split()
    machine_settings.check(machine, interfaces)
    return machine


def keep(machine):
    """On the data disk, and in force from now on; nothing of the network: by DHCP again."""
    machine_settings.store(machine)
    if not machine_settings.OF_NETWORK & set(machine):
        machine_settings.NETWORK.unlink(missing_ok=True)
    machine_settings.put_into_force()
    machine_settings.reload_network()


def set_up():
    """The disk is erased after the last question about the machine; the node's own come from `gridmail setup`."""
    chosen = None if data_disk.is_mounted() else choose_disk()
    if not chosen and not data_disk.is_mounted():
        return
    proposed = machine_settings.default_name()
    machine = {"name": ask(f"Name of this machine [{proposed}]: ") or proposed, **ask_network()}
    machine_settings.check(machine, machine_settings.ethernet_interfaces())
    if chosen:
        data_disk.make(chosen.path)
    keep(machine)
    result.forget()
    with first_boot.unfinished():
        is_done = run("gridmail", "setup") == 0
    if is_done:
        run("systemctl", "reset-failed", "gridmail-first-boot")  # what it could not do is done
    else:
        print(result.why_not_started())


def network():
    run("networkctl", "--no-pager", "status")
    if not data_disk.is_mounted():
        print("Addresses are kept on the data disk: set up the machine first.")
        pause()
        return
    print("Other nodes know this one by peer.advertise in /etc/gridmail/gridmail.toml: an address that changes is changed there, too.")
    if ask("Change it? [no]: ").lower() not in ("y", "yes"):
        return
    keep(ask_network())


def drain():
    """The node is away by plan: its primaries go to others, and nothing is rebuilt meanwhile."""
    duration = ask("For how long may this node be away, such as 30m (0: it serves again): ")
    if not duration:
        return
    node = ask(f"Its name in the grid [{node_name()}]: ") or node_name()
    password = getpass.getpass("Password of admin: ")
    command = ("undrain", node) if duration == "0" else ("maintenance", node, "--for", duration)
    run("gridmail", "node", *command, env=os.environ | {"GRIDMAIL_ADMIN_PASSWORD": password})
    pause()


def node_name():
    return console_screen.socket.gethostname().split(".")[0]


def restart():
    print("The node restarts.", flush=True)
    run("systemctl", "restart", "gridmail")


def shell():
    print("A shell of this machine; exit comes back here.", flush=True)
    run("bash", "-l", env=os.environ | {"HOME": "/root"})


def ask_then(question, *command):
    if ask(f"{question} [no]: ").lower() in ("y", "yes"):
        run(*command)


def act(key):
    is_node = console_screen.is_node()
    actions = {"n": network, "h": shell, "l": lambda: run("journalctl", "-e", "-u", "gridmail*"),
               "b": lambda: ask_then("Reboot?", "systemctl", "reboot"), "p": lambda: ask_then("Power off?", "systemctl", "poweroff")}
    actions |= {"d": drain, "r": restart, "f": result.forget} if is_node else {"s": set_up}
    if console_screen.is_being_set_up():
        actions.pop("s", None)
    if key not in actions:
        return
    print("\033[H\033[2J", end="", flush=True)
    try:
        actions[key]()
        if key == "s":
            pause()
    except Exception as error:  # of any kind: the shell that mends it is another key
        print(error)
        pause()
    print("\033[H\033[2J", end="", flush=True)


def main():
    # Keys that end a command must not end what shows them.
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
    except termios.error:  # a serial line that this machine does not have
        return
    version = console_screen.output_of("gridmail", "--version").split(" ")[-1]
    print("\033[H\033[2J", end="")
    while True:
        if key := key_or_refresh(draw(version)):
            with whole_lines(before):
                act(key)


if __name__ == "__main__":
    main()
