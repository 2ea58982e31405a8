"""Log lines of all nodes tell one story by the ids in them."""

import pathlib
import shlex
import smtplib
import sys
import uuid

from grid import ROOT, TIMEOUT, GridCase, path_part, wait_until

sys.path.insert(0, str(ROOT / "tests/support"))
from mail_sink import MailSink  # noqa: E402

SINKS = 20


class Logs(GridCase):
    """Which node sends to which server elsewhere is the grid's choice: of so many servers all nodes have some."""

    users_needed = 1

    def lines(self, field, value):
        """(node's name, event, fields) of each line in which the field has that value."""
        found = []
        for node in self.grid.living():
            text = (pathlib.Path(node["dir"]) / "gridmaild.log").read_text(errors="replace")
            for line in text.splitlines():
                if f" {field}={value}" not in line:
                    continue
                _, _, event, *words = shlex.split(line)
                fields = dict(word.split("=", 1) for word in words)
                if fields.get(field) == value:
                    found.append((node["name"], event, fields))
        return found

    def submit(self, node, recipients):
        """The message's id, out of the reply."""
        with smtplib.SMTP(node["host"], node["submission"], timeout=TIMEOUT) as smtp:
            smtp.login(self.user["address"], self.user["password"])
            smtp.ehlo_or_helo_if_needed()
            smtp.mail(self.user["address"])
            for recipient in recipients:
                self.assertEqual(250, smtp.rcpt(recipient)[0])
            code, text = smtp.data(f"From: {self.user['address']}\r\nSubject: logs\r\n\r\ntext\r\n".encode())
        self.assertEqual(250, code)
        return text.decode().split()[2]

    def routes(self, sinks):
        """A domain for each sink."""
        domains = []
        for sink in sinks:
            domain = f"l{uuid.uuid4().hex[:12]}.test"
            self.grid.api(self.grid.nodes[0]).call("PUT", f"/routes/{domain}", {"via": f"smtp:127.0.0.1:{sink.port}"})
            self.addCleanup(lambda domain=domain: self.grid.api(self.grid.nodes[0]).call("DELETE", f"/routes/{path_part(domain)}"))
            domains.append(domain)
        return domains

    def test_one_message_is_followed_from_its_connection_to_servers_elsewhere_by_all_nodes(self):
        sinks = [MailSink() for _ in range(SINKS)]
        for sink in sinks:
            self.addCleanup(sink.close)
        recipients, front = {f"x@{domain}" for domain in self.routes(sinks)}, self.grid.nodes[0]
        message = self.submit(front, sorted(recipients))

        def sent():
            return [(node, fields) for node, event, fields in self.lines("id", message) if event == "queue.sent"]

        def story():
            return {event: (node, fields) for node, event, fields in self.lines("id", message)}
        wait_until("all sent, and each node's lines written", lambda: len(sent()) >= SINKS and {"smtp.delivered", "queue.added"} <= set(story()), TIMEOUT)
        self.assertEqual({node["name"] for node in self.grid.nodes}, {node for node, _ in sent()})
        self.assertEqual(recipients, {fields["to"] for _, fields in sent()})
        accepted, queued = story()["smtp.delivered"], story()["queue.added"]
        self.assertEqual([front["name"]] * 2, [accepted[0], queued[0]])
        self.assertEqual(SINKS, int(accepted[1]["recipients"]))
        self.assertEqual({queued[1]["entry"]}, {fields["entry"] for _, fields in sent()})
        session = self.lines("connection", accepted[1]["connection"])
        self.assertLessEqual({("smtp.logged_in", self.user["address"])}, {(event, fields.get("login")) for _, event, fields in session})
        self.assertEqual({front["name"]}, {node for node, *_ in session})
        received = next(event for event in self.grid.api(front).get(f"/trace/{message}")["events"] if event["what"] == "received")
        self.assertEqual(accepted[1]["connection"], received["connection"])
