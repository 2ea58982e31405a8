"""A mail server elsewhere that takes all mail and remembers it, or behaves as badly as it is told."""

import socket
import socketserver
import ssl
import threading


class Received:
    def __init__(self, sender, recipients, data, connection):
        self.sender, self.recipients, self.data, self.connection = sender, recipients, data, connection


class MailSink:
    """`answer(stage, argument)` gives a reply's text in place of the usual one, None, or "drop", which breaks the connection.

    It speaks LMTP with who says LHLO, and TLS, with `tls` an SSL context, with who says STARTTLS.

    Stages: connect, EHLO, MAIL, RCPT, DATA, content, end. A message whose end is answered "lose" is kept, and its reply is not
    sent; "drop" for its content breaks the connection in the middle of it.
    """

    def __init__(self, answer=None, extensions=("PIPELINING", "8BITMIME", "SIZE 52428800"), port=0, host="127.0.0.1",
                 tls=None):
        self.answer = answer or (lambda stage, argument: None)
        self.extensions = list(extensions)
        self.tls = tls
        self.messages, self.connections, self.commands = [], 0, []
        self.lock = threading.Lock()
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                sink.serve(self)

        class Server(socketserver.ThreadingTCPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128

        self.server = Server((host, port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, name="mail sink", daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def received(self, subject):
        """Messages with that subject."""
        line = f"Subject: {subject}\r\n".encode()
        with self.lock:
            return [message for message in self.messages if line in message.data]

    def serve(self, handler):
        with self.lock:
            self.connections += 1
            connection = self.connections
        try:
            self.converse(handler, connection)
        except (OSError, EOFError):
            pass

    def converse(self, handler, connection):
        def say(text):
            handler.wfile.write(text.encode() + b"\r\n")
            handler.wfile.flush()

        def reply(stage, argument, usual):
            text = self.answer(stage, argument)
            if text == "drop":
                self.reset(handler)
            say(text or usual)
            return (text or usual)[0] in "23"

        if not reply("connect", "", "220 sink.test ESMTP"):
            return
        sender, recipients, lmtp = None, [], False
        while True:
            line = handler.rfile.readline(4096)
            if not line.endswith(b"\r\n"):
                return
            command = line.decode("latin-1").strip()
            verb, _, argument = command.partition(" ")
            verb = verb.upper()
            with self.lock:
                self.commands.append(command)
            if verb in ("EHLO", "LHLO"):
                lmtp = verb == "LHLO"
                secure = isinstance(handler.connection, ssl.SSLSocket)
                lines = ["sink.test", *self.extensions, *(["STARTTLS"] if self.tls and not secure else [])]
                greeting = [f"250-{text}" for text in lines[:-1]] + [f"250 {lines[-1]}"]
                reply("EHLO", argument, "\r\n".join(greeting))
            elif verb == "STARTTLS" and self.tls:
                say("220 go")
                handler.connection = self.tls.wrap_socket(handler.connection, server_side=True)
                handler.rfile, handler.wfile = handler.connection.makefile("rb"), handler.connection.makefile("wb")
            elif verb == "MAIL":
                sender, recipients = argument if reply("MAIL", argument, "250 2.1.0 ok") else None, []
            elif verb == "RCPT":
                if sender is None:
                    say("503 5.5.1 MAIL first")
                elif reply("RCPT", argument, "250 2.1.5 ok"):
                    recipients.append(argument[argument.index("<") + 1:argument.index(">")])
            elif verb == "DATA" and not recipients:
                say("503 5.5.1 nobody to send it to")
            elif verb == "DATA":
                if reply("DATA", "", "354 go on"):
                    cut = self.answer("content", recipients) == "drop"
                    data = self.read_data(handler, lines_max=1 if cut else None)
                    if cut:
                        self.reset(handler)
                    if lmtp:
                        taken = [to for to in recipients if reply("end", to, "250 2.0.0 taken")]
                        with self.lock:
                            self.messages.append(Received(sender, taken, data, connection))
                        continue
                    text = self.answer("end", data)
                    if text in (None, "lose") or text[0] == "2":
                        with self.lock:
                            self.messages.append(Received(sender, recipients, data, connection))
                    if text in ("lose", "drop"):
                        return
                    say(text or "250 2.0.0 taken")
            elif verb == "QUIT":
                say("221 bye")
                return
            elif verb in ("RSET", "NOOP", "HELO"):
                say("250 ok")
            else:
                say("502 5.5.1 what?")

    @staticmethod
    def reset(handler):
        """What was not sent is lost, and the other side is told so (RST)."""
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        raise EOFError

    @staticmethod
    def read_data(handler, lines_max=None):
        lines = []
        while lines_max is None or len(lines) < lines_max:
            line = handler.rfile.readline(1 << 20)
            if not line:
                raise EOFError
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)
