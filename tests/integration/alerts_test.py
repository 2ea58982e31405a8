"""packaging/monitoring/alerts.yml against series that each rule is to fire at, and such that it is to be silent at. No grid."""

import dataclasses
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from grid import ROOT, TIMEOUT

RULES = ROOT / "packaging/monitoring/alerts.yml"


@dataclasses.dataclass
class Case:
    """A value of each series a minute, as promtool writes them ("0x9": ten of 0, "5-1x9": ten from 5 down)."""

    at_minute: int
    series: dict

    def test(self, alert, firing):
        """Nothing fires when it has just begun."""
        count = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
        looks = {min(self.at_minute // 4, 2): 0, self.at_minute: int(firing)}
        return {"interval": "1m", "input_series": [{"series": name, "values": values} for name, values in self.series.items()],
                "promql_expr_test": [{"expr": count, "eval_time": f"{minute}m", "exp_samples": [{"labels": "{}", "value": alerts}]}
                                     for minute, alerts in looks.items()]}


def steady(minute, name, value):
    return Case(minute, {f'{name}{{instance="a"}}': f"{value}x{minute}"})


def rising(minute, name, by, labels=""):
    return Case(minute, {f'{name}{{instance="a"{labels}}}': f"0+{by}x{minute}"})


def attempts(sent, deferred):
    return Case(90, {f'gridmail_queue_attempts_total{{instance="a",outcome="{outcome}"}}': values
                     for outcome, values in (("sent", sent), ("deferred", deferred))})


def commits(up_to_half_a_second, slower):
    buckets = {"0.5": up_to_half_a_second, "1": up_to_half_a_second + slower, "+Inf": up_to_half_a_second + slower}
    return Case(40, {f'gridmail_store_commit_seconds_bucket{{instance="a",le="{le}"}}': f"0+{by}x40" for le, by in buckets.items()})


HTTP, CLOCK, DISK = "gridmail_http_requests_total", "gridmail_process_clock_seconds", "gridmail_disk_free_bytes"
GIVEN_UP, VERDICT = 'gridmail_slot_calls_given_up_total{instance="a"}', "gridmail_grid_verdict"

# alert: (when it fires, when it does not)
CASES = {
    "GridmailNodeDown": (
        [Case(4, {'up{job="gridmail",instance="a"}': "0x4", 'up{job="gridmail",instance="b"}': "1x4"})],
        [Case(4, {'up{job="gridmail",instance="a"}': "1 1 1 0 1"}), Case(4, {'up{job="another",instance="a"}': "0x4"})]),
    "GridmailUnavailable": (
        [Case(3, {VERDICT + '{instance="a"}': "2x3", VERDICT + '{instance="b"}': "2x3"})],
        [Case(3, {VERDICT + '{instance="a"}': "2x3", VERDICT + '{instance="b"}': "1x3"})]),
    "GridmailCopiesMissing": (
        [steady(20, "gridmail_slots_below_copies", 3)],
        [Case(20, {'gridmail_slots_below_copies{instance="a"}': "3x9 0x10"})]),
    "GridmailSlotsUnavailable": (
        [Case(20, {GIVEN_UP: "0+1x20"})],
        [Case(20, {GIVEN_UP: "7x20"}), Case(11, {GIVEN_UP: "0x5 4x6"})]),
    "GridmailDiskFilling": (
        [Case(480, {DISK + '{instance="a"}': "1e12-5e8x480"})],
        [Case(480, {DISK + '{instance="a"}': "1e12-1e6x480"})]),
    "GridmailDiskLostRecords": (
        [steady(40, "gridmail_scrub_lost_slots", 2)],
        [Case(40, {'gridmail_scrub_lost_slots{instance="a"}': "2x19 0x20"})]),
    "GridmailDiskSlow": ([commits(90, 10)], [commits(999, 1)]),
    "GridmailDirectoryOld": (
        [steady(10, "gridmail_directory_age_seconds", 90), steady(10, "gridmail_directory_age_seconds", -1)],
        [steady(10, "gridmail_directory_age_seconds", 3), Case(10, {'gridmail_directory_age_seconds{instance="a"}': "90x3 3x6"})]),
    "GridmailIntakeWaits": (
        [steady(20, "gridmail_intake_records", 3)],
        [Case(20, {'gridmail_intake_records{instance="a"}': "3x9 0x10"})]),
    "GridmailNothingSent": (
        [attempts("7x90", "0+2x90")],
        [attempts("0+1x90", "0+2x90"), attempts("7x90", "7x90")]),
    "GridmailQueueOld": (
        [steady(20, "gridmail_queue_oldest_seconds", 5 * 3600)],
        [steady(20, "gridmail_queue_oldest_seconds", 3 * 3600)]),
    "GridmailCertificateExpires": (
        [steady(90, "gridmail_certificate_expiry_seconds", 20 * 86400)],
        [steady(90, "gridmail_certificate_expiry_seconds", 22 * 86400), steady(90, "gridmail_certificate_expiry_seconds", "Inf+0")]),
    "GridmailClockOff": (
        [Case(20, {CLOCK + '{instance="a"}': "30+60x20"}), Case(20, {CLOCK + '{instance="a"}': "-30+60x20"})],
        [Case(20, {CLOCK + '{instance="a"}': "4+60x20"})]),
    "GridmailHttpFails": (
        [rising(30, HTTP, 60, ',class="5xx"')],
        [rising(30, HTTP, 3, ',class="5xx"'), rising(30, HTTP, 600, ',class="4xx"'),
         rising(30, HTTP, 600, ',class="probe"')]),  # a drained node behind a balancer
    "GridmailWrongPasswords": (
        [rising(30, "gridmail_login_failures_total", 600)],
        [rising(30, "gridmail_login_failures_total", 30)]),
}


class Alerts(unittest.TestCase):
    def test_each_rule_fires_when_it_is_to_and_only_then(self):
        tests = [case.test(alert, firing) for alert, (fires, silent) in CASES.items()
                 for firing, cases in ((True, fires), (False, silent)) for case in cases]
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "cases.yml")  # JSON is YAML
            file.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
            done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, timeout=TIMEOUT, check=False)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_every_rule_has_its_cases(self):
        self.assertEqual(re.findall(r"- alert: (\w+)", RULES.read_text()), list(CASES))
        for alert, (fires, silent) in CASES.items():
            self.assertTrue(fires and silent, alert)


if __name__ == "__main__":
    unittest.main()
