#!/usr/bin/python3
"""The MIME parser sees in messages what Python's email package sees.

Real messages are those of CPython's own tests (Debian package libpython3.11-testsuite), as they are and with CRLF;
hard cases are made here. Where Python leaves the RFCs, TOLERATED says so message by message, or a rule below does.

Usage: test_mime_oracle.py [PATH-OF-MIME_DUMP]
"""

import base64
import email
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import mime_oracle  # noqa: E402

CORPUS = pathlib.Path("/usr/lib/python3.11/test/test_email/data")

# (message, what differs): why Python's answer is not ours.
TOLERATED = {
    ("no last delimiter", "root.2.payload"): "Python takes the message's last line end for that of a delimiter",
    ("route", "envelope.to"): "Python does not know routes of several domains (RFC 5322, 4.4: obs-route)",
    ("msg_15.txt", "root.1.payload"): "the line end before a delimiter is the delimiter's (RFC 2046, 5.1.1)",
    ("msg_15.txt", "root.2.payload"): "Python keeps blanks at line ends of quoted-printable (RFC 2045, 6.7, rule 3)",
    ("msg_25.txt", "root.parameters"): "a parameter without value is none (RFC 2045, 5.1)",
    ("msg_41.txt", "root.parameters"): "an empty parameter is none (RFC 2045, 5.1)",
    ("msg_42.txt", "root.2.1.payload"): "a multipart that ends before its first part: Python drops the text",
}


def find_dumper():
    if os.environ.get("GRIDMAIL_MIME_DUMP"):
        return os.environ["GRIDMAIL_MIME_DUMP"]
    built = sorted(ROOT.glob("build/*/mime_dump"), key=lambda path: path.stat().st_mtime)
    return str(built[-1]) if built else "mime_dump"


DUMPER = find_dumper()


def dump(messages):
    """Runs mime_dump over named messages; the answers by name."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, data in enumerate(messages.values()):
            path = pathlib.Path(folder, str(number))
            path.write_bytes(data)
            paths.append(str(path))
        run = subprocess.run([DUMPER, *paths], capture_output=True, check=True)
        return dict(zip(messages, map(json.loads, run.stdout.splitlines())))


def flat_addresses(found):
    """As getaddresses gives them: groups dissolved, local part and host put together."""
    pairs = []
    for address in found:
        if address["host"] is None:
            continue
        joined = address["mailbox"] + ("@" + address["host"] if address["host"] else "")
        pairs.append([address["name"] or "", joined])
    return pairs


class Comparison:
    """Collects how two descriptions of one message differ, as (place, ours, Python's)."""

    def __init__(self):
        self.differences = []

    def note(self, place, ours, theirs):
        if ours != theirs:
            self.differences.append((place, ours, theirs))

    def envelopes(self, place, ours, theirs):
        for name in ("date", "subject", "message_id", "in_reply_to", "references", "sent"):
            self.note(f"{place}.{name}", ours.get(name), theirs.get(name))
        for name in ("from", "to", "cc"):
            self.note(f"{place}.{name}", flat_addresses(ours[name]), theirs[name])

    def parameters(self, place, ours, theirs):
        # Python puts those of RFC 2231 last.
        def key(found):
            return sorted((p["name"], p["value"], p["extended"]) for p in found)
        self.note(place, key(ours), key(theirs))

    def parts(self, place, ours, theirs):
        for name in ("type", "encoding", "disposition", "id", "description"):
            self.note(f"{place}.{name}", ours[name], theirs[name])
        self.parameters(f"{place}.parameters", ours["parameters"], theirs["parameters"])
        self.parameters(f"{place}.disposition_parameters", ours["disposition_parameters"],
                        theirs["disposition_parameters"])
        self.contents(place, ours, theirs)

    def contents(self, place, ours, theirs):
        kind = theirs["type"]
        if kind.startswith("message/") and kind not in ("message/rfc822", "message/global"):
            # RFC 2046, 5.2.2 and 5.2.3: partial and external-body hold no whole message; Python parses them all, and
            # delivery-status by blocks of fields.
            return self.note(f"{place}.children", ours["children"], [])
        if kind.startswith("multipart/") and "payload" in theirs:
            # No delimiter: Python gives a multipart without parts, which BODYSTRUCTURE cannot say (1*body).
            self.note(f"{place}.children", [c["type"] for c in ours["children"]], ["text/plain"])
            return self.note(f"{place}.payload", ours["children"][0]["stored"], theirs["payload"])
        self.note(f"{place}.count", len(ours["children"]), len(theirs["children"]))
        for number, pair in enumerate(zip(ours["children"], theirs["children"]), 1):
            self.parts(f"{place}.{number}", *pair)
        if "payload" in theirs and "payload" in ours:
            self.payloads(place, ours, theirs)
        if "envelope" in theirs:
            self.envelopes(f"{place}.envelope", ours["envelope"], theirs["envelope"])

    def payloads(self, place, ours, theirs):
        # uuencode is no transfer encoding of RFC 2045; Python undoes it.
        name = "stored" if "uue" in theirs["encoding"] else "payload"
        if name == "payload":
            self.note(f"{place}.payload", base64.b64decode(ours[name]), base64.b64decode(theirs[name]))
        self.note(f"{place}.lines", ours["lines"], base64.b64decode(ours["stored"]).count(b"\n"))


def compare(ours, theirs):
    comparison = Comparison()
    comparison.envelopes("envelope", ours["envelope"], theirs["envelope"])
    comparison.parts("root", ours["root"], theirs["root"])
    return comparison.differences


def contents(data):
    """Types and decoded bodies of all parts that are not made of parts."""
    return [(part.get_content_type(), part.get_payload(decode=True))
            for part in email.message_from_bytes(data).walk() if not part.is_multipart()]


def with_crlf(data):
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def nested(levels):
    begin = "".join(f"Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n" for i in range(levels))
    end = "".join(f"\r\n--b{i}--" for i in reversed(range(levels)))
    return f"Subject: deep\r\n{begin}Content-Type: text/html\r\n\r\ninnermost{end}\r\n".encode()


def multipart(body, boundary=b"b", header=b""):
    return header + b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n" + body


HARD_CASES = {
    "8-bit headers": b"From: Jos\xe9 <j@x.test>\r\nSubject: caf\xc3\xa9 \xff\r\n\r\nbody\r\n",
    "100 levels of MIME": nested(100),
    "60,000 lines": b"Subject: long\r\n\r\n" + b"a line of text\r\n" * 60000,
    "no headers at all": b"this is no header\r\n\r\nnor is this\r\n",
    "no headers behind delivery's": b"Return-Path: <a@b>\r\nReceived: x; y\r\nthis is no header\r\n\r\nnor this\r\n",
    "an empty header": b"\r\nbody\r\n",
    "only headers": b"Subject: x\r\nFrom: a@b.test\r\n",
    "only headers, unfinished": b"Subject: x\r\nFrom: a@b.test",
    "lines of 998 bytes": b"Subject: " + b"s" * 989 + b"\r\n\r\n" + (b"x" * 998 + b"\r\n") * 20,
    "dots at line starts": b"Subject: dots\r\n\r\n.\r\n..\r\n.dot\r\n...\r\n",
    "empty": b"",
    "NUL bytes": b"Subject: a\r\n\r\nb\0c\r\n",
    "no last delimiter": multipart(b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n"),
    "no delimiter": multipart(b"some\r\ntext\r\n"),
    "boundary that begins another": multipart(
        b"--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\n1\r\n--bb--\r\n--b\r\n\r\n2\r\n--b--\r\n"),
    "inner multipart not closed": multipart(
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--\r\n"),
    "blanks behind delimiters": multipart(b"--b \t\r\n\r\n1\r\n--b--  \r\nepilogue\r\n"),
    "delimiters in a row": multipart(b"--b\r\n--b\r\n\r\none\r\n--b--\r\n"),
    "empty parts": multipart(b"--b\r\n\r\n\r\n--b\r\n\r\n--b--\r\n"),
    "part of headers only": multipart(b"--b\r\nContent-Type: text/html\r\n--b--\r\n"),
    "quoted boundary": multipart(b"--a b:c\r\n\r\n1\r\n--a b:c--\r\n", b'"a b:c"'),
    "digest": b"Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: 1\r\n\r\none\r\n"
              b"--d\r\nContent-Type: text/plain\r\n\r\ntwo\r\n--d--\r\n",
    "base64": b"Content-Transfer-Encoding: BASE64\r\n\r\nSGVsbG8g\r\nd29ybGQ=\r\n",
    "quoted-printable": b"Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9 =\r\nau lait=20\r\n",
    "continued parameters": b"Content-Type: application/x; name*0*=utf-8''%C3%A9; name*1=b; name*2*=%20c; x=y\r\n\r\n",
    "groups": b"To: friends: a@b.test, C <c@d.test>;, e@f.test\r\nCc: nobody:;\r\n\r\n",
    "route": b"To: R <@a.test,@b.test:r@c.test>\r\n\r\n",
    "obsolete dates": b"Date: 21 Nov 97 09:55:06 GMT\r\n\r\n",
    "zone names": b"Date: Thu, 13 Feb 1969 15:32:54 PDT\r\n\r\n",
    "mbox line": b"From joe Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\nbody\r\n",
    "forgotten empty line": b"Subject: x\r\nnot a field\r\nTo: a@b\r\n\r\nrest\r\n",
    "continuation first": b" folded\r\nSubject: x\r\n\r\nbody\r\n",
    "nested messages": b"Content-Type: message/rfc822\r\n\r\nSubject: 2\r\nContent-Type: message/rfc822\r\n\r\n"
                       b"Subject: 3\r\n\r\nbody\r\n",
}


class MimeOracle(unittest.TestCase):
    maxDiff = None

    def check_all(self, messages):
        answers = dump(messages)
        self.assertEqual(set(answers), set(messages))
        used = set()
        for name, data in messages.items():
            with self.subTest(message=name):
                differences = []
                for place, ours, theirs in compare(answers[name], mime_oracle.describe(data)):
                    key = (name.removesuffix(" with CRLF"), place)
                    used.add(key)
                    if key not in TOLERATED:
                        differences.append((place, ours, theirs))
                self.assertEqual(differences, [])
        return used

    def test_real_messages(self):
        files = sorted(CORPUS.glob("*.txt"))
        self.assertGreaterEqual(len(files), 40, "install the Debian package libpython3.11-testsuite")
        messages = {}
        for file in files:
            messages[file.name] = file.read_bytes()
            messages[file.name + " with CRLF"] = with_crlf(file.read_bytes())
        self.check_all(messages)

    def test_hard_cases(self):
        self.check_all(HARD_CASES)

    def test_what_is_re_encoded_for_seven_bits_says_the_same(self):
        """Real messages with an 8-bit line in each text part: the same parts with the same content, in ASCII."""
        def widen(match):
            header = match.group(0)
            if b"base64" in header.lower():
                return header
            # Blanks at line ends of quoted-printable go (TOLERATED).
            blank = b"" if b"quoted" in header.lower() else b" "
            return header + b"gr\xc3\xbc\xc3\x9fe =41" + blank + b"\r\n"
        messages = {}
        for file in CORPUS.glob("*.txt"):
            if file.name in {name for name, _ in TOLERATED}:
                continue
            wide = re.sub(rb"(?is)\bcontent-type: text/[^\r]*\r\n(?:[^\r\n]+\r\n)*\r\n", widen,
                          with_crlf(file.read_bytes()))
            if not wide.isascii():
                messages[file.name] = wide
        made = {name: base64.b64decode(answer["seven_bit"]) for name, answer in dump(messages).items()
                if answer["seven_bit"]}
        self.assertGreaterEqual(len(made), 20, f"of {len(messages)}")
        for name, data in made.items():
            with self.subTest(message=name):
                self.assertTrue(data.isascii())
                self.assertLessEqual(max(map(len, data.split(b"\r\n"))), 998)
                self.assertEqual(contents(messages[name]), contents(data))

    def test_tolerated_differences_still_exist(self):
        messages = {file.name: file.read_bytes() for file in CORPUS.glob("*.txt")} | HARD_CASES
        answers = dump(messages)
        seen = {(name, place) for name, data in messages.items()
                for place, _, _ in compare(answers[name], mime_oracle.describe(data))}
        self.assertEqual(set(TOLERATED) - seen, set())


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        DUMPER = sys.argv.pop(1)
    unittest.main()
