"""What the manual for admins has people type into a machine's shell, and the answers that it shows them."""

import pathlib
import re
import tomllib

MANUAL = pathlib.Path(__file__).resolve().parents[2] / "packaging/admin.md"
# They make a node out of a machine, or end a grid; every other command of gridmail is typed by documented_commands_test.
OF_MACHINES = ("gridmail setup", "gridmail grid recover --")
PROGRAMS = ("apt-get", "curl", "dd", "echo", "journalctl", "mcopy", "mkfs.vfat", "sha256sum", "systemctl", "timedatectl")


def is_of_machines(line, is_in_block):
    if line.startswith("gridmail "):
        return line.startswith(OF_MACHINES)
    word = line.split()[0]
    return word != "export" if is_in_block else word in PROGRAMS


def shell_lines(text=None):
    """Each line once: of the blocks for the shell, and spans of code that begin with a program."""
    lines = {}
    for kind, block_text, span in re.findall(r"```(\w*)\n(.*?)```|`([^`]+)`", text or MANUAL.read_text(), re.DOTALL):
        for line in block_text.splitlines() if kind == "sh" else [" ".join(span.split())]:
            # Text may name a command without what belongs to it.
            if line and is_of_machines(line, kind == "sh") and not line.split()[-1].startswith("--"):
                lines[line] = None
    return list(lines)


def meant(line, names=None):
    """The line of the manual with other names in it; a line that the manual has no more is an error."""
    if line not in shell_lines():
        raise ValueError(f"admin.md has no line \"{line}\"")
    return replaced(line, names or {})


def block(kind, number=0):
    """The text of a block of this kind."""
    return re.findall(rf"```{kind}\n(.*?)```", MANUAL.read_text(), re.DOTALL)[number]


def answers(number, names):
    """A file of answers as the manual shows it, with other names in it: 0, of an installed machine; 1, of one that runs from the image."""
    text = replaced(block("toml", number), names)
    tomllib.loads(text)
    return text


def replaced(text, names):
    for old, new in names.items():
        if old not in text:
            raise ValueError(f"there is no \"{old}\" in what the manual says:\n{text}")
        text = text.replace(old, new)
    return text
