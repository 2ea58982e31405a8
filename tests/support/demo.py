#!/usr/bin/env python3
"""./dev demo: mail survives the node that stores it."""

import email.message
import email.utils
import imaplib
import json
import os
import smtplib
import subprocess
import sys
import time

from loopback_grid import COMMAND, DEFAULT_DIR, GridError, LoopbackGrid, wait_until

BEGUN = time.monotonic()


def step(what):
    """Says what is being done, does it, says how long it took."""
    def decorate(action):
        print(f"{time.monotonic() - BEGUN:6.2f} s  {what} … ", end="", flush=True)
        begun = time.monotonic()
        value = action()
        print(f"{time.monotonic() - begun:.2f} s", flush=True)
        return value
    return decorate


def locate(grid, node, address):
    """The row of the slot that holds the user's mail, by the command line as an admin would."""
    environment = os.environ | {"GRIDMAIL_URL": f"http://{node['host']}:{node['http']}",
                                "GRIDMAIL_TOKEN": grid.description["admin"]["token"]}
    run = subprocess.run([COMMAND, "user", "locate", address, "--json"], env=environment,
                         capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def send(node, address, subject):
    message = email.message.EmailMessage()
    message["From"] = "demo@elsewhere.test"
    message["To"] = address
    message["Subject"] = subject
    message["Message-ID"] = email.utils.make_msgid(domain="elsewhere.test")
    message.set_content("This message outlives the node that stores it.\n")
    with smtplib.SMTP(node["host"], node["smtp"], timeout=30) as smtp:
        smtp.send_message(message)


def read(node, user, subject):
    """The message's text, as a client of that node sees it."""
    with imaplib.IMAP4(node["host"], node["imap"], timeout=30) as imap:
        imap.login(user["address"], user["password"])
        imap.select("INBOX")
        found = imap.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
        if len(found) != 1:
            raise GridError(f"{len(found)} messages instead of one at {node['name']}")
        return imap.fetch(found[0], "(BODY.PEEK[])")[1][0][1]


def main():
    user_number, subject = 1, f"demo {os.getpid()}"
    try:
        grid = step("starting three nodes")(lambda: LoopbackGrid(DEFAULT_DIR).start_anew(3))
        user = grid.users[user_number - 1]
        row = locate(grid, grid.nodes[0], user["address"])
        primary = grid.node(row["primary"])
        first, other = (node for node in grid.nodes if node is not primary)
        print(f"          {user['address']} lies in slot {row['slot']}: primary {primary['name']}, copies on "
              + " and ".join(sorted(grid.node(node)["name"] for node in row["in_sync"])))
        step(f"sending through {first['name']} (SMTP, port {first['smtp']})")(
            lambda: send(first, user["address"], subject))
        before = step(f"reading through {primary['name']} (IMAP, port {primary['imap']})")(
            lambda: read(primary, user, subject))
        step(f"kill -9 {primary['name']}, which stores it")(lambda: grid.kill(primary["name"]))
        after = step(f"reading through {other['name']} (IMAP, port {other['imap']})")(
            lambda: read(other, user, subject))
        if after != before:
            raise GridError("the message is not the same")
        moved = wait_until("a new primary", lambda: locate(grid, other, user["address"])["primary"], 10)
        print(f"          the same {len(after)} bytes; the primary is {grid.node(moved)['name']} now")
        step(f"starting {primary['name']} again")(lambda: grid.start_node(primary["name"]))
    except (GridError, OSError, smtplib.SMTPException, imaplib.IMAP4.error, subprocess.CalledProcessError) as error:
        print(f"\ndev: the demo failed: {error}", file=sys.stderr)
        return 1
    print(f"\nDashboard: http://{first['host']}:{first['http']}/   user admin, password "
          f"{grid.description['admin']['password']}")
    print("The grid goes on; ./dev grid stop ends it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
