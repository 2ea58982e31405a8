#!/usr/bin/env python3
"""mail.py GRID_JSON ADDRESS PASSWORD: sends the user a message through one node and waits until IMAP on another shows it."""

import imaplib
import json
import smtplib
import sys
import time


def main():
    path, address, password = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        first, *_, last = json.load(file)["nodes"]
    with smtplib.SMTP(first["host"], first["smtp"], timeout=30) as client:
        client.sendmail("sender@example.org", address, f"Subject: Welcome\r\nTo: {address}\r\n\r\nHello.\r\n")
    with imaplib.IMAP4(last["host"], last["imap"], timeout=30) as client:
        client.login(address, password)
        for _ in range(100):
            client.select("INBOX")
            if client.search(None, "SUBJECT", "Welcome")[1][0]:
                return
            time.sleep(0.1)
    sys.exit("the message is not in the mailbox")


if __name__ == "__main__":
    main()
