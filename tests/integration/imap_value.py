"""Reads IMAP's parenthesized values (RFC 3501, 9): lists, strings, literals, NIL, atoms."""


def from_imaplib(data):
    """What imaplib gives for one FETCH: literals come apart, and are put back behind their {size}."""
    joined = b""
    for part in data:
        if isinstance(part, tuple):
            joined += part[0] + b"\r\n" + part[1]
        elif part is not None:
            joined += part
    return parse(joined[joined.index(b"("):])


def parse(text):
    value, end = _value(text, 0)
    if text[end:].strip():
        raise ValueError(f"left over: {text[end:]!r}")
    return value


def _value(text, at):
    while text[at:at + 1] == b" ":
        at += 1
    first = text[at:at + 1]
    if first == b"(":
        return _list(text, at + 1)
    if first == b'"':
        return _quoted(text, at + 1)
    if first == b"{":
        end = text.index(b"}", at)
        size, begin = int(text[at + 1:end]), end + 3
        return text[begin:begin + size], begin + size
    end = at
    while end < len(text) and text[end:end + 1] not in (b" ", b"(", b")", b'"'):
        end += 1
    atom = text[at:end]
    if not atom:
        raise ValueError(f"no value at {text[at:at + 40]!r}")
    return (None if atom.upper() == b"NIL" else int(atom) if atom.isdigit() else atom), end


def _list(text, at):
    values = []
    while True:
        while text[at:at + 1] == b" ":
            at += 1
        if text[at:at + 1] == b")":
            return values, at + 1
        value, at = _value(text, at)
        values.append(value)


def _quoted(text, at):
    out = bytearray()
    while text[at:at + 1] != b'"':
        if text[at:at + 1] == b"\\":
            at += 1
        out += text[at:at + 1]
        at += 1
    return bytes(out), at + 1
