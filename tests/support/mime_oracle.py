"""What Python's email package finds in a message, in the form that mime_dump prints.

Usage: mime_oracle.py FILE...; one JSON document a line. Strings are bytes read as Latin-1, as in mime_dump.
"""

import base64
import email
import email.message
import email.utils
import json
import sys


def raw_text(value):
    """A header value as the parser kept it: 8-bit bytes are surrogates there, or Latin-1 after RFC 2231."""
    return "".join(chr(ord(c) & 0xFF) for c in str(value))


def raw_values(message, name):
    """All values of a field, unfolded, by no policy of Python's."""
    found = [value for key, value in message.raw_items() if key.lower() == name]
    return ["".join(c for c in raw_text(value) if c not in "\r\n\0").strip(" \t") for value in found]


def first(message, name):
    values = raw_values(message, name)
    return values[0] if values else None


def parameters(message, field):
    if field not in message:
        return []
    found = []
    for name, value in message.get_params(header=field, failobj=[])[1:]:
        extended = isinstance(value, tuple)
        text = value[2] if extended else value
        found.append({"name": raw_text(name), "value": raw_text(text), "extended": extended})
    return found


def addresses(message, name):
    return [list(pair) for pair in email.utils.getaddresses(raw_values(message, name)) if pair != ("", "")]


def envelope(message):
    found = {
        "date": first(message, "date"),
        "subject": first(message, "subject"),
        "message_id": first(message, "message-id"),
        "in_reply_to": first(message, "in-reply-to"),
        "references": first(message, "references"),
    }
    for name in ("from", "to", "cc"):
        found[name] = addresses(message, name)
    date = email.utils.parsedate_tz(found["date"]) if found["date"] else None
    if date:
        found["sent"] = [email.utils.mktime_tz(date), (date[9] or 0) // 60]
    return found


def part(message):
    encoding = raw_text(message.get("content-transfer-encoding", "")).split(";")[0].strip().lower()
    found = {
        "type": message.get_content_type(),
        "parameters": parameters(message, "content-type"),
        "encoding": encoding,
        "disposition": message.get_content_disposition() or "",
        "disposition_parameters": parameters(message, "content-disposition"),
        "id": first(message, "content-id"),
        "description": first(message, "content-description"),
        "children": [],
    }
    if message.is_multipart():
        found["children"] = [part(child) for child in message.get_payload()]
        if message.get_content_type() == "message/rfc822":
            found["envelope"] = envelope(message.get_payload(0))
    else:
        found["payload"] = base64.b64encode(message.get_payload(decode=True) or b"").decode()
    return found


def describe(data):
    message = email.message_from_bytes(data)
    return {"envelope": envelope(message), "root": part(message)}


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            print(json.dumps(describe(file.read())))
