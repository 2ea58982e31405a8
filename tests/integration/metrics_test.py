"""What Prometheus finds at a node, and what packaging's rules and dashboard make of it."""

import json
import re
import subprocess
import urllib.request

from grid import ROOT, TIMEOUT, GridCase, imap_login

MONITORING = ROOT / "packaging/monitoring"


class Metrics(GridCase):
    def figures(self, node):
        with urllib.request.urlopen(f"http://{node['host']}:{node['http']}/metrics", timeout=TIMEOUT) as answer:
            return answer.read().decode()

    def value(self, node, series):
        return float(re.search(rf"^{re.escape(series)} (\S+)$", self.figures(node), re.MULTILINE)[1])

    def test_prometheus_takes_them_as_they_are(self):
        for node in self.grid.living():
            done = subprocess.run(["promtool", "check", "metrics"], input=self.figures(node), capture_output=True,
                                  text=True, timeout=TIMEOUT, check=False)
            self.assertEqual((0, ""), (done.returncode, done.stderr + done.stdout))

    def test_what_happens_is_counted(self):
        node = self.grid.living()[0]
        accepted = 'gridmail_smtp_messages_total{service="mx",outcome="accepted"}'
        log_ins = 'gridmail_imap_log_ins_total{outcome="accepted"}'
        before = self.value(node, accepted), self.value(node, log_ins), self.value(node, "gridmail_imap_command_seconds_count")
        self.deliver(b"Subject: counted\r\n\r\n", users=[self.user], node=node)
        with imap_login(node, self.user) as imap:
            imap.select("INBOX")
        after = self.value(node, accepted), self.value(node, log_ins), self.value(node, "gridmail_imap_command_seconds_count")
        self.assertEqual((before[0] + 1, before[1] + 1), after[:2])
        self.assertGreaterEqual(after[2], before[2] + 2)
        self.assertGreater(self.value(node, "gridmail_store_commit_seconds_count"), 0)

    def test_rules_and_dashboard_ask_for_figures_that_there_are(self):
        rules = MONITORING / "alerts.yml"
        done = subprocess.run(["promtool", "check", "rules", rules], capture_output=True, text=True, timeout=TIMEOUT,
                              check=False)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        dashboard = json.loads((MONITORING / "grafana.json").read_text())
        asked = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
        names = set(re.findall(r"gridmail_\w+", rules.read_text() + asked))
        told = set(re.findall(r"^(gridmail_\w+)", self.figures(self.grid.living()[0]), re.MULTILINE))
        self.assertEqual(set(), names - told)
