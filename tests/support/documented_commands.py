"""The gridmail commands that the documents for people hold."""

import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *(ROOT / "packaging").glob("*.md")]
COMMAND = re.compile(r"(?:build/release/)?gridmail (.*)")


def documented(documents=DOCUMENTS):
    """(document, words) of each command in a document: a line of a code block of the shell, or a span of code."""
    for document in documents:
        for block, span in re.findall(r"```sh\n(.*?)```|`(gridmail [^`]+)`", document.read_text(), re.DOTALL):
            lines = block.splitlines() if block else [" ".join(span.split())]
            for line in lines:
                if match := COMMAND.match(line.strip()):
                    words = shlex.split(match.group(1), comments=True)
                    yield document.name, words[:words.index(">")] if ">" in words else words
