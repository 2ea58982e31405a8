#!/usr/bin/env python3
"""./dev internet: the grid among Debian's mail servers and hosts that behave badly, in network namespaces.

    ./dev internet [--rounds 60] [--dead 10000]

Mail goes both ways while a node is killed; then a dead destination gets mail in masses. Ends by itself; logs stay in
build/internet. Exit status: 0 when every promise was kept, 1 when not, 77 when namespaces are not permitted here.
"""

import argparse
import collections
import pathlib
import smtplib
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from grid_api import ApiError  # noqa: E402
from namespaces import are_entered, enter_namespaces  # noqa: E402

ARRIVES_SECONDS_MAX = 90
BESIDE_DEAD_SECONDS_MAX = 5
# While the mass comes in, a slot may get another primary, which waits 5 s before it sends what it found.
WHILE_TAKEN_SECONDS_MAX = 15
PROBES = 4
KILLED = "node2"
# The remote's reply may have been on its way, or not yet been committed, when the node died.
CUT_OFF_SECONDS = 2
ELSEWHERE = ("postfix.test", "exim.test", "busy.test", "resetting.test", "losing.test")


class Run:
    def __init__(self, options):
        from correspondence import Letters
        from small_internet import SmallInternet
        self.options = options
        self.begun = time.monotonic()
        self.internet = SmallInternet(options.dir)
        self.grid = self.internet.grid
        self.letters = Letters()
        self.troubles = []
        self.killed_at = None

    def say(self, text):
        print(f"[{time.monotonic() - self.begun:6.1f} s] {text}", flush=True)

    def check(self, holds, text):
        if not holds:
            self.troubles.append(text)
            self.say(f"WRONG: {text}")

    def go(self):
        self.internet.start()
        self.remotes = {remote.domain: remote for remote in (self.internet.postfix, self.internet.exim)}
        self.say("the grid, Postfix, Exim and nsd are ready")
        self.write_both_ways()
        self.await_all()
        self.grid.start_node(KILLED)
        self.say(f"{KILLED} is back")
        self.check_once()
        self.check_bounces()
        self.beside_a_dead_destination()

    # --- mail both ways ---

    def write_both_ways(self):
        from correspondence import Submission
        users = self.grid.users
        writers = [lambda i, domain=domain, user=users[n % 2], connect=Submission(self.grid, users[n % 2]): self.letters.post(
            connect, user["address"], f"user{i % 2 + 1}@{domain}" if domain in self.remotes else f"to{i}@{domain}",
            f"{domain} {i}") for n, domain in enumerate(ELSEWHERE)]
        for remote in self.remotes.values():
            writers.append(lambda i, remote=remote: self.letters.post(
                lambda: smtplib.SMTP(remote.host, 25, timeout=30, local_hostname="client.test"),
                f"user1@{remote.domain}", users[2 + i % 2]["address"], f"from {remote.domain} {i}"))
        threads = [threading.Thread(target=self.write, args=(writer,), daemon=True) for writer in writers]
        for thread in threads:
            thread.start()
        self.write_what_bounces(Submission(self.grid, users[0]))
        third = self.options.rounds * len(writers) // 3
        self.until("a third of the messages", lambda: len(self.letters.accepted) >= third)
        self.grid.kill(KILLED)
        self.killed_at = time.time()
        self.say(f"{KILLED} is killed after {len(self.letters.accepted)} messages")
        for thread in threads:
            thread.join(120)
            self.check(not thread.is_alive(), "a sender does not end")
        self.say(f"{len(self.letters.accepted)} messages are taken, {len(self.letters.doubtful)} answers were lost")

    def write(self, writer):
        try:
            for i in range(self.options.rounds):
                writer(i)
        except Exception as trouble:  # the thread's last words
            self.check(False, f"a sender ends with {trouble!r}")

    def write_what_bounces(self, submission):
        user = self.grid.users[0]["address"]
        for to in ("nobody@postfix.test", "nobody@exim.test", "nobody@refusing.test", "nobody@null.test", "nobody@missing.test"):
            self.letters.post(submission, user, to, f"bounces from {to}")
        for remote in self.remotes.values():
            self.letters.post(lambda remote=remote: smtplib.SMTP(remote.host, 25, timeout=30, local_hostname="client.test"),
                              f"user2@{remote.domain}", "nobody@example.test", f"comes back to {remote.domain}")
        for domain in ("silent.test", "mute.test", "closed.test"):
            self.letters.post(submission, user, f"waits@{domain}", f"waits for {domain}")

    @staticmethod
    def until(what, condition, seconds=ARRIVES_SECONDS_MAX, interval=0.1):
        from loopback_grid import wait_until
        return wait_until(what, condition, seconds, interval)

    def until_none(self, what, missing):
        """`missing` gives a set; what is left of it goes into the failure."""
        from loopback_grid import GridError
        try:
            self.until(what, lambda: not missing(), interval=0.5)
        except GridError as error:
            raise GridError(f"{error}; missing: {sorted(missing())[:20]}") from None

    def flush(self, domain):
        try:
            self.grid.api(self.grid.living()[0]).post("/queue/flush", {"destination": domain})
        except (ApiError, OSError):
            pass

    # --- what arrived ---

    def copies(self, domain):
        """Of mail to that domain, by subject: how each copy came there."""
        found = collections.defaultdict(list)
        if domain in self.remotes:
            for message in self.remotes[domain].messages():
                if str(message["Subject"]).startswith(domain):
                    found[str(message["Subject"])].append(message)
        else:
            from small_internet import HOSTS
            import email
            for received in list(self.internet.sinks[HOSTS[domain]].messages):
                message = email.message_from_bytes(received.data)
                found[message["Subject"]].append(message)
        return found

    def mail_of_users(self):
        from correspondence import inbox
        node = self.grid.living()[0]
        return {user["address"]: inbox(node, user) for user in self.grid.users}

    def await_all(self):
        def not_there():
            missing = set()
            for domain in ELSEWHERE:
                of_domain = self.letters.subjects(domain) - self.returned() - set(self.copies(domain))
                if of_domain and domain not in self.remotes:
                    self.flush(domain)
                missing |= of_domain
            return missing

        def not_here():
            there = {str(message["Subject"]) for box in self.mail_of_users().values() for message in box}
            return self.letters.subjects("example.test") - self.returned() - there
        self.until_none("all mail for others", not_there)
        self.until_none("all mail for us", not_here)
        self.say(f"everything is there, without {KILLED}")

    def returned(self):
        return {subject for subject, (_, to) in self.letters.accepted.items() if to.startswith("nobody@")}

    def check_once(self):
        """Twice only where the last reply was cut off: by the remote, or by the death of the node that waited for it."""
        for domain in ELSEWHERE:
            extra = 1 if domain == "losing.test" else 0
            for subject, copies in self.copies(domain).items():
                self.check(len(copies) <= 1 + extra or self.was_cut_off(copies, "from"), f"{subject} came {len(copies)} times")
        of_users = collections.defaultdict(list)
        for box in self.mail_of_users().values():
            for message in box:
                if str(message["Subject"]).startswith("from "):
                    of_users[str(message["Subject"])].append(message)
        for subject, copies in of_users.items():
            self.check(len(copies) == 1 or self.was_cut_off(copies, "by"), f"{subject} came {len(copies)} times")
        self.say(f"{sum(map(len, of_users.values()))} messages came in, and "
                 f"{sum(len(copies) for domain in ELSEWHERE for copies in self.copies(domain).values())} went out")

    def was_cut_off(self, copies, word):
        """Whether a copy went by the killed node just before it died."""
        import email.utils
        for copy in copies:
            for field in copy.get_all("Received", []):
                when = email.utils.parsedate_to_datetime(field.rsplit(";", 1)[1].strip()).timestamp()
                if f"{word} {KILLED}." in field and -1 <= self.killed_at - when <= CUT_OFF_SECONDS + 1:
                    return True
        return False

    # --- what came back ---

    def check_bounces(self):
        from correspondence import is_bounce, read_bounce
        expected = {subject for subject in self.returned() if subject.startswith("bounces from")}

        def told():
            box = self.mail_of_users()[self.grid.users[0]["address"]]
            return collections.Counter(row for message in box if is_bounce(message) for row in read_bounce(message))
        self.until_none("all bounces", lambda: expected - {subject for subject, *_ in told()})
        statuses = {"postfix": "5.1.1", "exim": "5.0.0", "refusing": "5.1.1", "null": "5.1.10", "missing": "5.1.2"}
        for (subject, to, action, status), times in told().items():
            self.check(times == 1, f"told {times} times: {subject}")
            known = subject in expected | self.letters.doubtful  # what had no clear answer was sent again, as another
            self.check(known and subject.partition(" again ")[0].endswith(to) and action == "failed", f"bounce of {subject} for {to}: {action}")
            self.check(status == statuses[to.split("@")[1].split(".")[0]], f"{to}: {status}")
        for remote in self.remotes.values():
            subject = f"comes back to {remote.domain}"
            self.until(subject, lambda remote=remote, subject=subject: any(
                subject in message.as_string() and "nobody@example.test" in message.as_string() for message in remote.messages()))
        def queued():
            return {to: row for row in self.grid.api(self.grid.nodes[0]).get("/queue") for to in row["recipients"]}
        # The first attempt may have been of a node that was not yet up to date.
        self.until("a refusal by closed.test", lambda: "refused" in str(queued().get("waits@closed.test")).lower())
        rows = queued()
        for to in ("waits@silent.test", "waits@mute.test", "waits@closed.test"):
            self.check(to in rows, f"{to} does not wait any more")
        self.say(f"{len(expected)} bounces came, each once; what silent hosts keep waiting is in the queue")

    # --- a dead destination ---

    def beside_a_dead_destination(self):
        from correspondence import Submission
        submission = Submission(self.grid, self.grid.users[1])
        before = [self.probe(submission, f"before {i}") for i in range(PROBES)]
        node = self.grid.nodes[0]
        self.grid.api(node).post("/lists", {"address": "dead@example.test", "members": ["x@dead.test"]})
        flood = subprocess.Popen(["smtp-source", "-c", "-s", "8", "-m", str(self.options.dead), "-f", "user1@exim.test", "-t",
                                  "dead@example.test", f"{node['host']}:25"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        during = []
        while flood.poll() is None:
            during.append(self.probe(submission, f"during {len(during)}"))
        self.check(flood.returncode == 0, f"smtp-source: {flood.stderr.read().decode()}")
        waiting = sum("x@dead.test" in row["recipients"] for row in self.grid.api(node).get("/queue"))
        after = [self.probe(submission, f"after {i}") for i in range(PROBES)]
        self.say(f"{self.options.dead} messages for a dead host, {waiting} of them listed; slowest to Postfix: {max(before):.2f} s "
                 f"before, {max(during, default=0):.2f} s meanwhile, {max(after):.2f} s with all of them waiting")
        self.check(waiting > 0, "nothing waits for the dead host")
        self.check(max(during, default=0) <= WHILE_TAKEN_SECONDS_MAX, "mail for the dead host delays others while it comes in")
        self.check(max(after) <= BESIDE_DEAD_SECONDS_MAX, "the dead host delays others")

    def probe(self, submission, name):
        """Seconds until a message is at Postfix."""
        subject = f"postfix.test {name}"
        begun = time.monotonic()
        self.letters.post(submission, self.grid.users[1]["address"], "user1@postfix.test", subject)
        self.until(subject, lambda: subject in self.copies("postfix.test"), 60, 0.05)
        return time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(prog="./dev internet")
    parser.add_argument("--rounds", type=int, default=60, help="messages each of seven senders writes")
    parser.add_argument("--dead", type=int, default=10_000, help="messages for a dead destination")
    parser.add_argument("--dir", type=pathlib.Path, default=ROOT / "build/internet")
    options = parser.parse_args()
    if not are_entered():
        return enter_namespaces()
    from loopback_grid import GridError
    run = Run(options)
    try:
        run.go()
    except GridError as error:
        run.check(False, str(error))
    finally:
        run.internet.close()
    run.say(f"{'failed' if run.troubles else 'passed'}: {len(run.troubles)} troubles; logs: {options.dir}")
    return 1 if run.troubles else 0


if __name__ == "__main__":
    sys.exit(main())
