"""What was written to whom, and what was told of it: each message has a subject of its own."""

import contextlib
import email
import email.policy
import imaplib
import smtplib
import threading
import time

from machine_grid import insecure_tls

TIMEOUT = 30
TROUBLE = (OSError, EOFError, smtplib.SMTPException)


class Letters:
    """Thread-safe. `accepted`: subject -> (sender, recipient) of what was answered 250; `doubtful`: whose answer never came."""

    def __init__(self):
        self.accepted, self.doubtful = {}, set()
        self.lock = threading.Lock()

    def subjects(self, domain):
        with self.lock:
            return {subject for subject, (_, to) in self.accepted.items() if to.endswith("@" + domain)}

    def post(self, connect, sender, to, subject):
        """`connect` gives an smtplib connection, of another server each time. Until it is taken, under a new subject each time."""
        for attempt in range(1, 20):
            this = subject if attempt == 1 else f"{subject} again {attempt}"
            try:
                with connect() as smtp:
                    smtp.sendmail(sender, [to], f"From: <{sender}>\r\nTo: <{to}>\r\nSubject: {this}\r\n\r\ntext\r\n")
                    with self.lock:
                        self.accepted[this] = (sender, to)
                    return
            except smtplib.SMTPServerDisconnected:
                pass
            except TROUBLE as trouble:
                if isinstance(trouble, (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)):
                    time.sleep(0.3)
            with self.lock:
                self.doubtful.add(this)
        raise AssertionError(f"{subject}: nobody takes it")


class Submission:
    """Connections to the submission ports of living nodes, in turn."""

    def __init__(self, grid, user):
        self.grid, self.user, self.turn = grid, user, 0

    def __call__(self):
        living = self.grid.living()
        self.turn += 1
        node = living[self.turn % len(living)]
        smtp = smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT, local_hostname="client.test")
        try:
            smtp.starttls(context=insecure_tls())
            smtp.login(self.user["address"], self.user["password"])
        except BaseException:
            smtp.close()
            raise
        return smtp


def inbox(node, user):
    """All messages, parsed."""
    imap = imaplib.IMAP4_SSL(node["host"], node["imaps"], ssl_context=insecure_tls(), timeout=TIMEOUT)
    try:
        imap.login(user["address"], user["password"])
        if imap.select("INBOX", readonly=True)[1] == [b"0"]:
            return []
        parts = imap.fetch("1:*", "(BODY.PEEK[])")[1]
        return [email.message_from_bytes(part[1], policy=email.policy.default) for part in parts if isinstance(part, tuple)]
    finally:
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            imap.shutdown()


def is_bounce(message):
    return message.get_content_type() == "multipart/report"


def read_bounce(message):
    """(the original's subject, whom it did not reach, action, status) of each recipient; raises where it is no proper DSN."""
    assert message.get_param("report-type") == "delivery-status", message["Content-Type"]
    text, status, original = message.iter_parts()
    assert text.get_content_type() == "text/plain" and text.get_content().strip()
    of_message, *of_recipients = status.get_payload()
    assert of_message["Reporting-MTA"], status.as_string()
    headers = email.message_from_string(original.get_content()) if original.get_content_type() == "text/rfc822-headers" \
        else original.get_payload()[0]
    return [(headers["Subject"], of_recipient["Final-Recipient"].split(";", 1)[1].strip(), of_recipient["Action"],
             of_recipient["Status"]) for of_recipient in of_recipients]
