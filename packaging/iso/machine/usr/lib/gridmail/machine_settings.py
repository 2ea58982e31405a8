"""What a machine that runs from the image is told of itself: its name, its network, whose SSH key opens it. Kept on the data disk,
and put into force again at each boot."""

import ipaddress
import os
import pathlib
import re
import subprocess

from data_disk import Refused

KEPT = pathlib.Path("/var/lib/gridmail-machine")
NAME, NETWORK, KEYS, HOST_KEY = (KEPT / name for name in ("hostname", "10-static.network", "authorized_keys", "ssh_host_ed25519_key"))
OF_NETWORK = {"address", "dns", "ntp"}  # with any of these NETWORK is written
KNOWN = {"name", "data_disk", "interface", "address", "gateway", "dns", "ntp", "ssh_key"}


def words_of(machine, key):
    value = machine.get(key, [])
    if not isinstance(value, list) or not all(isinstance(word, str) and word and not word.split()[1:] for word in value):
        raise Refused(f"machine.{key}: not a list of names or addresses")
    return value


def check(machine, interfaces):
    """Raises Refused for what cannot be put into force; interfaces: the Ethernet interfaces there are."""
    if unknown := set(machine) - KNOWN:
        raise Refused(f"unknown key machine.{sorted(unknown)[0]}")
    for key in sorted(KNOWN - {"dns", "ntp"} & set(machine)):
        if not isinstance(machine[key], str) or "\n" in machine[key]:
            raise Refused(f"machine.{key}: not a line of text")
    if not re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.|$))+", machine.get("name", "name")):
        raise Refused(f"machine.name: {machine['name']} is no name of a machine")
    if machine.get("ssh_key") and not machine["ssh_key"].startswith(("ssh-", "ecdsa-", "sk-")):
        raise Refused("machine.ssh_key: not a public key")
    for key in ("gateway", "interface"):
        if key in machine and "address" not in machine:
            raise Refused(f"machine.{key}: without machine.address DHCP gives it")
    if "address" in machine:
        check_address(machine, interfaces)
    for key in ("dns", "ntp"):
        words_of(machine, key)


def check_address(machine, interfaces):
    try:
        if ipaddress.ip_interface(machine["address"]).network.num_addresses == 1 or "/" not in machine["address"]:
            raise ValueError("the length of its network is missing, as in 192.0.2.1/24")
        if "gateway" in machine:
            ipaddress.ip_address(machine["gateway"])
    except ValueError as error:
        raise Refused(f"machine.address, machine.gateway: {error}") from None
    named = machine.get("interface")
    if named and named not in interfaces:
        raise Refused(f"machine.interface: no {named}; there is {', '.join(interfaces) or 'none'}")
    if not named and len(interfaces) != 1:
        raise Refused(f"machine.address: machine.interface must say where: {', '.join(interfaces) or 'there is no interface'}")


def network_file(machine, interfaces):
    """For systemd-networkd."""
    lines = ["[Match]", f"Name={machine.get('interface') or interfaces[0]}" if "address" in machine else "Type=ether", "", "[Network]"]
    lines.append(f"Address={machine['address']}" if "address" in machine else "DHCP=yes")
    if "gateway" in machine:
        lines.append(f"Gateway={machine['gateway']}")
    lines += [f"DNS={server}" for server in words_of(machine, "dns")]
    lines += [f"NTP={server}" for server in words_of(machine, "ntp")]
    return "\n".join(lines) + "\n"


def network_of(text):
    """The keys that network_file made the text of."""
    names = {"Name": "interface", "Address": "address", "Gateway": "gateway", "DNS": "dns", "NTP": "ntp"}
    machine = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        key = names.get(name)
        if key in ("dns", "ntp"):
            machine.setdefault(key, []).extend(value.split())
        elif key:
            machine[key] = value
    return machine


def kept_network():
    return network_of(NETWORK.read_text()) if NETWORK.exists() else {}


def ethernet_interfaces():
    """Names, in order; only what is a device, no bridges or tunnels."""
    return sorted(path.name for path in pathlib.Path("/sys/class/net").iterdir()
                  if (path / "device").exists() and (path / "type").read_text().strip() == "1")


def default_name():
    """Its own, and the same after each boot: two machines of a grid never share one."""
    interfaces = ethernet_interfaces()
    if not interfaces:
        return "gridmail"
    address = pathlib.Path(f"/sys/class/net/{interfaces[0]}/address").read_text().strip()
    return "gridmail-" + address.replace(":", "")[-6:]


def write(path, text):
    """Whole or not at all, whenever the power is cut."""
    new = path.with_name(path.name + ".new")
    with new.open("w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    new.replace(path)


def store(machine):
    """Onto the data disk, which is mounted; there when this returns. Keys that are not given leave what is there."""
    interfaces = ethernet_interfaces()
    check(machine, interfaces)
    if "name" in machine:
        write(NAME, machine["name"] + "\n")
    if OF_NETWORK & set(machine):
        write(NETWORK, network_file(machine, interfaces))
    if machine.get("ssh_key"):
        write(KEYS, machine["ssh_key"] + "\n")
    os.sync()  # the names of the files as well


def put_into_force():
    name = NAME.read_text().strip() if NAME.exists() else default_name()
    pathlib.Path("/etc/hostname").write_text(name + "\n")
    pathlib.Path("/proc/sys/kernel/hostname").write_text(name)
    folder = pathlib.Path("/run/systemd/network")
    folder.mkdir(parents=True, exist_ok=True)
    if NETWORK.exists():
        (folder / NETWORK.name).write_text(NETWORK.read_text())
    else:
        (folder / NETWORK.name).unlink(missing_ok=True)
    if KEYS.exists():
        open_ssh()


def reload_network():
    subprocess.run(["networkctl", "reload"], check=False)
    for interface in ethernet_interfaces():
        subprocess.run(["networkctl", "reconfigure", interface], check=False)
    wait_online("--timeout=30")


def wait_online(*options):
    return subprocess.run(["/lib/systemd/systemd-networkd-wait-online", "--any", *options], check=False).returncode == 0


def wait_for_address():
    """One of IPv4, unless there is only IPv6: router advertisements are quicker than DHCP."""
    return wait_online("--ipv4", "--timeout=30") or wait_online("--timeout=1")


def open_ssh():
    if not HOST_KEY.exists():
        new = HOST_KEY.with_name(HOST_KEY.name + ".new")
        new.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", new], check=True)
        os.sync()
        new.replace(HOST_KEY)
    subprocess.run(["systemctl", "start", "--no-block", "ssh"], check=True)
