"""At the end, with everything healed: every node shows every user exactly what clients were told is there."""

import collections
import time

from mail_clients import TROUBLE, fetch, imap_session, select_inbox
from mail_record import number_of

HANDED_OVER_SECONDS_MAX = 120  # what waits in an intake when slots come back follows soon


def view(node, user):
    """UIDVALIDITY, and UID -> bytes."""
    with imap_session(node, user) as imap:
        validity, uids = select_inbox(imap, readonly=True)
        return validity, fetch(imap, uids)


def patiently(record, what, read, enough, seconds):
    """Reads until it is enough, and gives the last that was read."""
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            last = read()
            if enough(last):
                return last
        except TROUBLE as trouble:
            if time.monotonic() > deadline:
                record.violation(f"{what}: {trouble}")
                return last
        if time.monotonic() > deadline:
            return last
        time.sleep(1)


def check_view(record, node, user, messages, validity):
    address, name = user["address"], node["name"]
    box = record.mailboxes[address]
    must, may = record.expected(address)
    numbers = {uid: number_of(received) for uid, received in messages.items()}
    record.check(box.validity in (None, validity), f"{address} on {name}: UIDVALIDITY {validity}, was {box.validity}")
    times = collections.Counter(numbers.values())
    damaged = [uid for uid, number in numbers.items() if number is None]
    record.check(not damaged, f"{address} on {name}: not the bytes that were sent: UIDs {damaged}")
    lost = must - set(times)
    record.check(not lost, f"{address} on {name}: lost: {sorted(lost)}")
    nowhere = set(times) - may - {None}
    record.check(not nowhere, f"{address} on {name}: from nowhere, or back: {sorted(nowhere)}")
    twice = [number for number, count in times.items() if count > 1 and number is not None]
    record.check(not twice, f"{address} on {name}: more than once: {twice}")
    moved = [uid for uid, number in box.messages.items() if uid in numbers and numbers[uid] != number]
    record.check(not moved, f"{address} on {name}: other messages than before at UIDs {moved}")
    return numbers


def check_every_view(grid, record, say):
    # What is lost already need not be waited for.
    patience = 5 if record.violations else HANDED_OVER_SECONDS_MAX
    for user in grid.users:
        must, _ = record.expected(user["address"])
        first = None
        for node in grid.nodes:
            def enough(seen, must=must):
                return must <= {number_of(received) for received in seen[1].values()}
            seen = patiently(record, f"{user['address']} on {node['name']}", lambda node=node, user=user: view(node, user),
                             enough, patience if first is None else 10)
            if seen is None:
                continue
            numbers = check_view(record, node, user, seen[1], seen[0])
            first = first or numbers
            record.check(numbers == first, f"{user['address']}: {node['name']} shows other UIDs than {grid.nodes[0]['name']}")
    say(f"every user's mail was read through every node")
