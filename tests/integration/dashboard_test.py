"""The dashboard's files as a browser gets them, and the short map it draws."""

import gzip
import json
import re
import urllib.request

from grid import GridCase
from loopback_grid import wait_until


class Dashboard(GridCase):
    users_needed = 0

    def setUp(self):
        super().setUp()
        self.on_the_wire = {}  # bytes by path

    def file(self, path):
        node = self.grid.nodes[0]
        url = f"http://{node['host']}:{node['http']}{path}"
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept-Encoding": "gzip, deflate, br"}), timeout=10) as answer:
            packed = answer.read()
        with urllib.request.urlopen(url, timeout=10) as answer:
            self.assertIsNone(answer.headers["Content-Encoding"])
            plain = answer.read()
        self.assertEqual(plain, gzip.decompress(packed))
        self.on_the_wire[path] = len(packed)
        return answer.headers, plain.decode()

    def test_every_file_that_the_page_names_is_served_under_a_strict_policy(self):
        headers, page = self.file("/")
        self.assertTrue(headers["Content-Type"].startswith("text/html"))
        waiting, seen, later = set(re.findall(r'(?:src|href)="(/[^"]+)"', page)), {"/": page}, set()
        self.assertIn("/dashboard/dashboard.js", waiting)
        first_load = 0
        while waiting or later:
            if not waiting:  # what the first screen needs is there; now what other pages need
                first_load = first_load or sum(self.on_the_wire.values())
                waiting, later = later - set(seen), set()
                continue
            path = waiting.pop()
            headers, text = self.file(path)
            self.assertIn("script-src 'self'", headers["Content-Security-Policy"])
            self.assertTrue(headers["Content-Type"].startswith("text/css" if path.endswith(".css") else "text/javascript"))
            seen[path] = text
            waiting |= {"/dashboard/" + name for name in re.findall(r'from "\./([^"]+)"', text)} - set(seen)
            later |= {"/dashboard/" + name for name in re.findall(r'import\("\./([^"]+)"\)', text)}
        self.assertIn("/dashboard/node_page.js", seen)
        self.assertLess(first_load, 60_000)
        self.assertEqual(404, self.grid.api(self.grid.nodes[0]).probe("/dashboard/no-such-file.js")[0])

    def test_the_short_map_says_what_the_rows_of_slots_say(self):
        api = self.grid.api(self.grid.nodes[0])
        for _ in range(10):  # another test's drain may change the map between the two requests
            short, rows, again = api.get("/map"), api.get("/slots"), api.get("/map")
            if short == again:
                break
        def name(place):
            return None if place < 0 else short["nodes"][place]
        self.assertEqual([(row["epoch"], row["primary"], row["in_sync"], row["joining"], row["retired"]) for row in rows],
                         [(row["epoch"], name(row["primary"]), *([name(n) for n in row[set_name]]
                          for set_name in ("in_sync", "joining", "retired"))) for row in short["slots"]])

    def test_figures_of_all_nodes_are_had_from_any(self):
        api = self.grid.api(self.grid.nodes[1])
        wait_until("figures of three nodes", lambda: len(api.get("/figures")["nodes"]) == 3, 30)
        figures = api.get("/figures")
        self.assertEqual([], figures["silent"])
        self.assertEqual({node["id"] for node in self.grid.nodes}, {node["id"] for node in figures["nodes"]})
        self.assertEqual(1, len({len(column) for column in figures["spans"].values()}))
        self.assertEqual([10] * (len(figures["spans"]["end"]) - 1),
                         [b - a for a, b in zip(figures["spans"]["end"], figures["spans"]["end"][1:])])

    def test_events_bring_status_and_figures(self):
        api = self.grid.api(self.grid.nodes[2])
        request = urllib.request.Request(api.url + "/api/v1/events", headers={"Authorization": "Bearer " + api.token})
        told = {}
        with urllib.request.urlopen(request, timeout=20) as answer:
            self.assertEqual("text/event-stream", answer.headers["Content-Type"])
            name = None
            while len(told) < 2:
                field, _, value = answer.readline().decode().rstrip("\n").partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    told[name] = json.loads(value)
        self.assertEqual(3, len(told["status"]["nodes"]))
        self.assertEqual(10, told["figures"]["span_seconds"])
