"""Messages that are hard to keep whole: CPython's email test data, and some made by hand."""

import base64
import email.message
import pathlib
import re

CPYTHON = pathlib.Path("/usr/lib/python3.11/test/test_email/data")


def crlf(data):
    """As a client puts text on the wire."""
    return re.sub(rb"\r\n|\n|\r", b"\r\n", data)


def cpython_messages():
    """(name, bytes) of each message; every picture beside them comes as an attachment."""
    for path in sorted(CPYTHON.glob("msg_*.txt")):
        data = crlf(path.read_bytes())
        yield path.name, data if data.endswith(b"\r\n") else data + b"\r\n"
    for path in sorted(CPYTHON.glob("python.*")):
        message = email.message.EmailMessage()
        message["Subject"] = path.name
        message["From"] = "sender@elsewhere.test"
        message.set_content("A picture.\n")
        message.add_attachment(path.read_bytes(), maintype="image", subtype="x-test", filename=path.name)
        yield path.name, crlf(message.as_bytes())


def _nested(levels):
    text = b"Content-Type: text/plain\r\n\r\nthe innermost\r\n"
    for level in range(levels, 0, -1):
        mark = b"level-%d" % level
        text = (b"Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n--%s\r\n" % (mark, mark)) + text + \
            b"\r\n--%s--\r\n" % mark
    return b"Subject: nested\r\nMIME-Version: 1.0\r\n" + text


def hard_messages():
    """(name, bytes), all lines ended with CRLF."""
    yield "8-bit headers", ("Subject: Grüße aus Köln\r\nFrom: Jürgen <j@elsewhere.test>\r\n\r\nhello\r\n").encode("latin-1")
    yield "UTF-8 headers", ("Subject: Grüße aus 東京\r\nFrom: Jürgen <j@elsewhere.test>\r\n\r\nhéllo\r\n").encode()
    yield "100 levels of MIME", _nested(100)
    yield "60,000 lines", b"Subject: lines\r\n\r\n" + b"".join(b"line %d\r\n" % i for i in range(60_000))
    yield "no headers at all", b"\r\nonly a body\r\n"
    yield "only headers", b"Subject: only headers\r\nFrom: a@elsewhere.test\r\n"
    yield "only headers and the empty line", b"Subject: only headers\r\nFrom: a@elsewhere.test\r\n\r\n"
    yield "lines of 998 bytes", b"Subject: long\r\n\r\n" + (b"x" * 998 + b"\r\n") * 20
    yield "a line of 100,000 bytes", b"Subject: longer\r\n\r\n" + b"y" * 100_000 + b"\r\n"
    yield "dots at line starts", b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n...\r\n.\r\nend\r\n"
    yield "all bytes but NUL, CR, LF", b"Subject: bytes\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + \
        bytes(b for b in range(1, 256) if b not in b"\r\n") + b"\r\n"
    yield "trailing empty lines", b"Subject: empty lines\r\n\r\nbody\r\n\r\n\r\n\r\n"
    yield "a boundary that never ends", b"Subject: open\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" \
        b"--b\r\n\r\nfirst\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>second\r\n"
    yield "binary in base64", b"Subject: base64\r\nContent-Type: application/octet-stream\r\n" \
        b"Content-Transfer-Encoding: base64\r\n\r\n" + crlf(base64.encodebytes(bytes(range(256)) * 400))
    yield "a header of 200 folded lines", b"Subject: a\r\n" + b" more\r\n" * 200 + b"\r\nbody\r\n"


# What delivery puts in front: whole header fields and nothing else.
ADDED = re.compile(rb"(?:(?:Return-Path|Received|Delivered-To):[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+\Z")
