"""What the first boot and the data disk have to say to whoever looks at the console, until it is read or the machine starts again."""

import pathlib
import subprocess

FILE = pathlib.Path("/run/gridmail-result")


def tell(text):
    FILE.touch(mode=0o600)
    FILE.write_text(text.rstrip() + "\n")


def told():
    return FILE.read_text() if FILE.exists() else ""


def why_not_started():
    """The node's own last word in this boot, if it failed to start."""
    done = subprocess.run(["journalctl", "-u", "gridmail", "-b", "-o", "cat", "-n", "40", "--no-pager"], check=False,
                          stdout=subprocess.PIPE, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("gridmaild: ")]
    return lines[-1] if lines else ""


def forget():
    FILE.unlink(missing_ok=True)
