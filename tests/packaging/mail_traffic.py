"""Mail through the machines: one message out and in, and senders that never pause."""

import email.message
import imaplib
import smtplib
import ssl
import threading
import time

USER, PASSWORD = "anna@example.test", "a password of anna"


def any_certificate():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def send(machine, subject, connection=None):
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "sender@elsewhere.test", USER, subject
    message.set_content(f"The text of {subject}.\n" * 20)
    smtp = connection or smtplib.SMTP(machine.address, 25, timeout=60)
    try:
        smtp.send_message(message)
    finally:
        if not connection:
            smtp.close()


def subjects(machine):
    """What the user's INBOX holds, read through this machine."""
    imap = imaplib.IMAP4_SSL(machine.address, 993, ssl_context=any_certificate(), timeout=60)
    try:
        imap.login(USER, PASSWORD)
        imap.select("INBOX", readonly=True)
        answer, rows = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        if answer != "OK":
            raise imaplib.IMAP4.error(str(rows))
        return [row[1].decode().split(":", 1)[1].strip() for row in rows if isinstance(row, tuple)]
    finally:
        imap.shutdown()


def make_drafts(machine):
    with imaplib.IMAP4_SSL(machine.address, 993, ssl_context=any_certificate(), timeout=60) as imap:
        imap.login(USER, PASSWORD)
        imap.create("Drafts")


class Senders:
    """One to each machine, for as long as the `with` lasts. Like a mail server it tries again at the next machine when one is
    away or says 4xx; a message is lost only if a 250 was given and it is not there."""

    def __init__(self, machines):
        self.machines = machines
        self.accepted, self.refused_for_good, self.slowest, self.delayed = [], [], 0.0, 0
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._send, args=(number,)) for number in range(len(machines))]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def _send(self, number):
        count = 0
        while not self.ending.is_set():
            count += 1
            self._deliver(number, f"sender{number}-{count}")
            self.ending.wait(0.05)

    def _deliver(self, number, subject):
        begun, attempt = time.monotonic(), 0
        while time.monotonic() < begun + 120:
            machine = self.machines[(number + attempt) % len(self.machines)]
            attempt += 1
            try:
                send(machine, subject)
            except smtplib.SMTPResponseException as error:
                if error.smtp_code >= 500:
                    self.refused_for_good.append(f"{subject}: {error}")
                    return
            except (OSError, smtplib.SMTPException):
                pass
            else:
                with self.lock:
                    self.accepted.append(subject)
                    self.slowest = max(self.slowest, time.monotonic() - begun)
                    self.delayed += attempt > 1
                return
        self.refused_for_good.append(f"{subject}: nobody took it within two minutes")


class Writer:
    """One session that appends to the user's mailbox as fast as it is answered, and goes to the next machine when its own
    says BYE; `away` names the machine that is worked on, which an admin would have taken out of the balancer."""

    def __init__(self, machines):
        self.machines = machines
        self.away = None
        self.written, self.slowest, self.refused = 0, 0.0, []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._write)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    def _write(self):
        imap, machine = None, None
        while not self.ending.is_set():
            if imap is None or machine is self.away:
                machine = next(other for other in self.machines if other is not self.away)
                imap = imaplib.IMAP4_SSL(machine.address, 993, ssl_context=any_certificate(), timeout=60)
                imap.login(USER, PASSWORD)
            begun = time.monotonic()
            answer, text = imap.append("Drafts", None, None, b"Subject: draft\r\n\r\ntext\r\n")
            if answer == "OK":
                self.written += 1
            else:
                self.refused.append(text)
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.ending.wait(0.01)
