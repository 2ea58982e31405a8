"""A DNS server that knows what a table says, and can be silent, fail or lie."""

import ipaddress
import socketserver
import struct
import threading

TYPES = {1: "A", 5: "CNAME", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV"}
NUMBERS = {name: number for number, name in TYPES.items()}


def wire_name(name):
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def record_data(kind, value):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind in ("CNAME", "PTR"):
        return wire_name(value)
    if kind == "TXT":
        strings = [value[at:at + 255].encode() for at in range(0, len(value), 255)]
        return b"".join(bytes([len(text)]) + text for text in strings)
    if kind == "SRV":
        *numbers, target = value
        return struct.pack(">HHH", *numbers) + wire_name(target)
    preference, host = value
    return struct.pack(">H", preference) + wire_name(host)


class FakeDns:
    """`records[name][type]` is a list of values: addresses, names, (preference, name), texts,
    (priority, weight, port, name). A name whose entry is "silent" or
    "servfail" is treated so; a name that is missing does not exist."""

    def __init__(self, records):
        self.records = records
        self.questions = []
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                packet, reply_socket = self.request
                answer = outer.answer(packet)
                if answer:
                    reply_socket.sendto(answer, self.client_address)

        self.server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, name="fake dns", daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, packet):
        number, _, questions = struct.unpack(">HHH", packet[:6])
        if questions != 1:
            return None
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += 1 + packet[at]
        name, question_end = ".".join(labels).lower(), at + 5
        kind = TYPES.get(struct.unpack(">H", packet[at + 1:at + 3])[0])
        self.questions.append((name, kind))
        known = self.records.get(name)
        if known == "silent":
            return None
        code, answers = (2, []) if known == "servfail" else (3, []) if known is None else (0, [])
        asked = name
        while isinstance(known, dict):
            if "CNAME" in known and kind != "CNAME":
                answers.append((asked, "CNAME", known["CNAME"][0]))
                asked = known["CNAME"][0].lower()
                known = self.records.get(asked)
                continue
            answers += [(asked, kind, value) for value in known.get(kind, [])]
            break
        reply = struct.pack(">HHHHHH", number, 0x8580 | code, 1, len(answers), 0, 0) + packet[12:question_end]
        for owner, owner_kind, value in answers:
            data = record_data(owner_kind, value)
            reply += wire_name(owner) + struct.pack(">HHIH", NUMBERS[owner_kind], 1, 60, len(data)) + data
        return reply
