"""What somebody left for a machine that is to become a node unattended: a volume with the label CIDATA that holds gridmail.toml, the
credential gridmail.setup (SMBIOS), or gridmail.join=TOKEN on the kernel's command line.

gridmail.toml is what `gridmail setup --config` takes, with one table more, [machine] (machine_settings.py). The command line may
be read by every user of the machine: only a token that lets one machine in once belongs there.
"""

import collections
import json
import os
import pathlib
import subprocess
import tomllib

import data_disk
from data_disk import Refused

VOLUME, FILE = "CIDATA", "gridmail.toml"
FOLDER = pathlib.Path("/run/gridmail-answers")
CREDENTIAL = "gridmail.setup"
KERNEL_WORD = "gridmail.join="
COMMAND_LINE = pathlib.Path("/proc/cmdline")

# config: for gridmail setup --config, or nothing; machine: the table [machine]; token: of the kernel's command line, or nothing.
Answers = collections.namedtuple("Answers", "config machine token")


def to_toml(table, name=""):
    """A table as TOML again; strings as JSON has them are TOML's basic strings."""
    lines = [f"[{name}]"] if name else []
    tables = []
    for key, value in table.items():
        if isinstance(value, dict):
            tables.append(to_toml(value, f"{name}.{key}" if name else key))
        else:
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines + tables) + "\n"


def parse(text, source):
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"{source}: {error}") from None
    machine = table.pop("machine", {})
    if not isinstance(machine, dict):
        raise Refused(f"{source}: machine is not a table")
    return Answers(to_toml(table), machine, None)


def from_volume():
    """(text, source) or None."""
    FOLDER.mkdir(exist_ok=True)
    for path in data_disk.labelled(data_disk.list_rows(), VOLUME):
        subprocess.run(["mount", "-o", "ro", path, FOLDER], check=True)
        try:
            if (FOLDER / FILE).exists():
                return (FOLDER / FILE).read_text(), f"{path}: {FILE}"
        finally:
            subprocess.run(["umount", FOLDER], check=False)
    return None


def from_credential():
    """Not by way of the kernel's command line, where systemd takes credentials as well: every user of the machine may read that."""
    if f"{CREDENTIAL}:" in COMMAND_LINE.read_text():
        raise Refused(f"the kernel's command line may hold a token, not {CREDENTIAL}: a password there is no secret")
    file = pathlib.Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / CREDENTIAL
    return (file.read_text(), f"credential {CREDENTIAL}") if file.exists() else None


def token_of(command_line):
    words = [word.removeprefix(KERNEL_WORD) for word in command_line.split() if word.startswith(KERNEL_WORD)]
    return words[-1] if words else None


def find():
    """None where nobody left any. The volume counts before the credential, both before the command line. Raises Refused."""
    try:
        found = from_volume() or from_credential()
    except (OSError, UnicodeDecodeError, subprocess.CalledProcessError) as error:
        raise Refused(f"the answers cannot be read: {error}") from None
    if found:
        return parse(*found)
    token = token_of(COMMAND_LINE.read_text())
    return Answers(None, {}, token) if token else None
