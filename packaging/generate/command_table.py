"""What gridmail can do, as the program itself tells it: the one source of manual pages and completions."""

import dataclasses
import json
import pathlib
import re
import subprocess


@dataclasses.dataclass
class Option:
    name: str   # --json
    value: str  # what it takes; empty for a flag
    help: str


def output_of(program, *arguments):
    return subprocess.run([program, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def commands(build):
    """Rows of noun, verb, help and arguments (node/cli/verbs.hpp)."""
    return json.loads(output_of(pathlib.Path(build) / "gridmail", "commands", "--json"))


def version(build):
    return output_of(pathlib.Path(build) / "gridmail", "--version").split()[1]


def options(program):
    """The options that its --help lists."""
    found, section = [], ""
    for line in output_of(program, "--help").splitlines():
        if line and not line[0].isspace():
            section = line
        match = re.match(r"  (?:-\w,)?(--[\w-]+)(?: (\S+))?(.*)$", line)
        if section.startswith("Options") and match:
            name, value, rest = match.groups()
            takes_value = bool(value) and (value.isupper() or "=" in value)
            text = rest if takes_value or not value else f"{value}{rest}"
            found.append(Option(name, value.split("=")[0] if takes_value else "", without_notes(text)))
        elif section.startswith("Options") and found and line.startswith("   "):
            found[-1].help = (found[-1].help + " " + without_notes(line)).strip()
    return [option for option in found if option.name not in ("--help", "--version")]


def without_notes(text):
    """Without what the parser adds: (Env:...), Excludes: ..."""
    return re.sub(r"\(Env:\w+\)|Excludes:.*", "", text).strip()


def is_option(argument):
    return argument["name"].startswith("--")
