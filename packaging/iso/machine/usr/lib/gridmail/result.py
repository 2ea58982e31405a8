"""What the first boot and the data disk have to say to whoever looks at the console, until it is read or the machine starts again."""

import pathlib

FILE = pathlib.Path("/run/gridmail-result")


def tell(text):
    FILE.touch(mode=0o600)
    FILE.write_text(text.rstrip() + "\n")


def told():
    return FILE.read_text() if FILE.exists() else ""


def forget():
    FILE.unlink(missing_ok=True)
