"""The sources as the style tests see them."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tracked_files():
    """Paths of all files that belong to the repository, relative to its root; new ones included."""
    listing = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [path for path in (pathlib.PurePosixPath(name) for name in listing.split("\0") if name)
            if (ROOT / path).is_file()]


def sources(*suffixes):
    return [path for path in tracked_files() if path.suffix in (suffixes or (".cpp", ".hpp"))]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")
