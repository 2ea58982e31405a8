"""verify_dkim.py < {"message": base64, "records": {name: text}}: for each DKIM-Signature of the message whether python3-dkim
verifies it, as JSON. A program of its own, for Debian's python3 has that package and another python3 may come first."""

import base64
import json
import sys

import dkim


def main():
    asked = json.load(sys.stdin)
    message = base64.b64decode(asked["message"])

    def record(name, timeout=5):
        del timeout
        return asked["records"].get(name.decode().rstrip("."), "").encode()
    count = message.lower().split(b"\r\n\r\n")[0].count(b"dkim-signature:")
    def is_right(number):
        try:
            return dkim.DKIM(message).verify(idx=number, dnsfunc=record)
        except dkim.DKIMException:
            return False
    print(json.dumps([is_right(number) for number in range(count)]))


if __name__ == "__main__":
    main()
