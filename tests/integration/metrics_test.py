"""What Prometheus finds at a node, and what packaging's rules and dashboard make of it."""

import json
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.request

from grid import ROOT, TIMEOUT, GridCase, imap_login, pop_login, wait_until
import admin_manual

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

    def test_requests_are_counted_by_the_class_of_their_answer(self):
        node = self.grid.living()[0]
        series = ['gridmail_http_requests_total{class="2xx"}', 'gridmail_http_requests_total{class="4xx"}',
                  'gridmail_http_requests_total{class="5xx"}', "gridmail_http_request_seconds_count",
                  'gridmail_http_requests_total{class="probe"}']
        before = [self.value(node, name) for name in series]
        self.assertEqual(404, self.grid.api(node).probe("/nothing-is-here")[0])
        self.assertEqual(200, self.grid.api(node).probe("/livez")[0])
        after = [self.value(node, name) for name in series]
        self.assertGreaterEqual(after[0], before[0] + 1)
        self.assertGreaterEqual(after[1], before[1] + 1)
        self.assertEqual(before[2], after[2])
        self.assertGreaterEqual(after[3], before[3] + 3)
        self.assertGreaterEqual(after[4], before[4] + 1)

    def test_pop3_and_the_grid_as_a_whole_have_figures(self):
        node = self.grid.living()[0]
        before = self.value(node, "gridmail_pop3_command_seconds_count")
        with pop_login(node, self.user) as pop:
            pop.stat()
        wait_until("commands counted", lambda: self.value(node, "gridmail_pop3_command_seconds_count") >= before + 4, TIMEOUT)
        self.assertLessEqual(self.value(node, "gridmail_grid_verdict"), 1)
        left = self.value(node, "gridmail_certificate_expiry_seconds")
        ends = [row["not_after"] for row in self.grid.api(node).get("/certificates")]
        self.assertEqual(not ends, left == float("inf"))
        self.assertLess(abs(self.value(node, "gridmail_process_clock_seconds") - time.time()), 5)

    def test_the_manuals_scrape_configuration_is_one(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "prometheus.yml")
            file.write_text(admin_manual.block("yaml"))
            done = subprocess.run(["promtool", "check", "config", file], capture_output=True, text=True, timeout=TIMEOUT, check=False)
        self.assertEqual(0, done.returncode, done.stderr + done.stdout)

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
