#!/usr/bin/env python3
"""mail.py GRID_JSON ADDRESS PASSWORD: sends the user a message through one node and waits until IMAP on another shows it.
mail.py GRID_JSON --submit ADDRESS PASSWORD TO: the user sends one elsewhere."""

import email.utils
import imaplib
import json
import smtplib
import sys
import time


def submit(node, address, password, recipient):
    with smtplib.SMTP(node["host"], node["submission"], timeout=30) as client:
        client.login(address, password)
        client.sendmail(address, recipient, f"Subject: Elsewhere\r\nFrom: {address}\r\nTo: {recipient}\r\n\r\nHello.\r\n")


def deliver(first, last, address, password):
    with smtplib.SMTP(first["host"], first["smtp"], timeout=30) as client:
        client.sendmail("sender@example.org", address,
                        f"Subject: Welcome\r\nMessage-ID: {email.utils.make_msgid(domain='example.org')}\r\nTo: {address}\r\n\r\nHello.\r\n")
    with imaplib.IMAP4(last["host"], last["imap"], timeout=30) as client:
        client.login(address, password)
        for _ in range(100):
            client.select("INBOX")
            if client.search(None, "SUBJECT", "Welcome")[1][0]:
                return
            time.sleep(0.1)
    sys.exit("the message is not in the mailbox")


def main():
    path, *words = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        nodes = json.load(file)["nodes"]
    if words[0] == "--submit":
        submit(nodes[0], *words[1:])
    else:
        deliver(nodes[0], nodes[-1], *words)


if __name__ == "__main__":
    main()
