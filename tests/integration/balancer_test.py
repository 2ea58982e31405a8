"""Real HAProxy, nginx and keepalived with packaging's configurations, and a real Postfix that looks addresses up: a grid
of its own."""

import contextlib
import csv
import imaplib
import json
import os
import pathlib
import poplib
import re
import secrets
import smtplib
import socket
import subprocess
import tempfile
import threading
import unittest

from certificates import NAME, make_certificate
from grid import ROOT, TIMEOUT, GridCase, LoopbackGrid, insecure_tls, wait_until

BASE_PORT = int(os.environ.get("GRIDMAIL_BALANCER_PORT", "24100"))
TRUSTED = "127.0.0.2"  # the balancer, in the nodes' configuration
GONE = ("DRAIN", "DOWN")  # of a server, at the balancer
FRONTENDS = BASE_PORT + 64  # of the balancer, above three nodes
DEFAULT_PORTS = {25: "smtp", 465: "submissions", 587: "submission", 143: "imap", 993: "imaps", 110: "pop3",
                 995: "pop3s", 7443: "http", 7483: "agent"}
NGINX_PORTS = [110, 143, 465, 587, 993, 995, 7484]
NGINX_FRONTENDS = FRONTENDS + len(DEFAULT_PORTS)


class BalancedGrid(LoopbackGrid):
    """Log-in needs TLS, or nginx, which has ended it and connects from 127.0.0.1."""
    plaintext_login = False
    proxies = f'trusted = ["{TRUSTED}"]\ntls_ended_by = ["127.0.0.1"]'


def configuration(nodes, stats_socket):
    """packaging/balancers/haproxy.cfg with these nodes' addresses in place of the examples', and one more line."""
    text = (ROOT / "packaging/balancers/haproxy.cfg").read_text()
    text = text.replace("maxconn 20000", "maxconn 1000")  # within any shell's limit of open files
    text = text.replace("send-proxy-v2", f"send-proxy-v2 source {TRUSTED}")
    for what in (" check-ssl verify none port 7443", " agent-port 7483", "    user haproxy\n", "    group haproxy\n",
                 "    chroot /var/lib/haproxy\n"):  # what it may do is whoever's who runs this
        assert what in text
        text = text.replace(what, "")

    def server(match):
        node = nodes[int(match[1]) - 1]
        return (f"server node{match[1]} {node['host']}:{node[DEFAULT_PORTS[int(match[2])]]} "
                f"port {node['http']} agent-port {node['agent']}")
    text = re.sub(r"server node(\d) 192\.0\.2\.1\d:(\d+)", server, text)
    text = re.sub(r"bind :(\d+)", lambda match: f"bind 127.0.0.1:{frontend(DEFAULT_PORTS[int(match[1])])}", text)
    return text.replace("global\n", f"global\n    stats socket {stats_socket}\n", 1)


def frontend(service):
    return FRONTENDS + sorted(DEFAULT_PORTS.values()).index(service)


class HaProxy:
    def __init__(self, nodes, folder):
        self.socket_path = folder / "haproxy.sock"
        file = folder / "haproxy.cfg"
        file.write_text(configuration(nodes, self.socket_path))
        self.process = subprocess.Popen(["haproxy", "-db", "-f", file], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.kill()
        self.process.wait()

    def servers(self, service):
        """{name: row of `show stat`}."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(TIMEOUT)
            control.connect(str(self.socket_path))
            control.sendall(b"show stat\n")
            text = b"".join(iter(lambda: control.recv(65536), b"")).decode().lstrip("# ")
        return {row["svname"]: row for row in csv.DictReader(text.splitlines())
                if row["pxname"] == service and row["svname"].startswith("node")}

    def states(self, service="imap"):
        try:
            return {name: row["status"].split()[0] for name, row in self.servers(service).items()}
        except OSError:
            return {}


class Nginx:
    def __init__(self, nodes, folder):
        certificate, key, _ = make_certificate(folder, NAME)
        text = (ROOT / "packaging/balancers/nginx.conf").read_text()
        for old, new in (("user www-data;", "daemon off;"), ("/run/nginx.pid", f"{folder}/nginx.pid"),
                         ("/etc/nginx/mail.pem", str(certificate)), ("/etc/nginx/mail.key", str(key)),
                         ("worker_connections 20000", "worker_connections 500"), ("https://nodes", "http://nodes"),
                         ("worker_processes auto", "worker_processes 1")):
            assert old in text, old
            text = text.replace(old, new)
        text = re.sub(r"server 192\.0\.2\.1(\d):7443",
                      lambda match: f"server {nodes[int(match[1]) - 1]['host']}:{nodes[int(match[1]) - 1]['http']}", text)
        text = re.sub(r"listen (?:127\.0\.0\.1:)?(\d+)",
                      lambda match: f"listen 127.0.0.1:{self.port(int(match[1]))}", text)
        own_folders = "".join(f"{what}_temp_path {folder}/nginx-{what};\n"
                              for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        text = text.replace("http {\n", "http {\n" + own_folders)
        text = text.replace("auth_http 127.0.0.1:7484", f"auth_http 127.0.0.1:{self.port(7484)}")
        (folder / "nginx.conf").write_text(text)
        self.log = open(folder / "nginx.log", "wb")
        self.process = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-e", "stderr"],
                                        stdout=self.log, stderr=self.log)

    @staticmethod
    def port(default):
        return NGINX_FRONTENDS + NGINX_PORTS.index(default)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def imap(self):
        return imaplib.IMAP4_SSL("127.0.0.1", self.port(993), ssl_context=insecure_tls(), timeout=TIMEOUT)

    def served_by(self, user):
        """The node that took a message which the user submitted, and the client's address, as the message says."""
        with smtplib.SMTP_SSL("127.0.0.1", self.port(465), timeout=TIMEOUT, context=insecure_tls(),
                              source_address=("127.0.0.3", 0)) as smtp:
            smtp.login(user["address"], user["password"])
            smtp.sendmail(user["address"], user["address"], b"Subject: through nginx\r\n\r\nx\r\n")
        with self.imap() as imap:
            imap.login(user["address"], user["password"])
            imap.select("INBOX")
            newest = imap.search(None, "ALL")[1][0].split()[-1]
            header = imap.fetch(newest, "(BODY.PEEK[HEADER.FIELDS (RECEIVED)])")[1][0][1].decode()
        return re.search(r"by (\w+)\.example\.test", header)[1], re.search(r"\[([\d.]+)\]", header)[1]


class Clients(threading.Thread):
    """Logs in, looks and leaves, again and again, through the balancer; and sends a message each time."""

    def __init__(self, user):
        super().__init__()
        self.user = user
        self.rounds = 0
        self.errors = []
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", frontend("smtp"), timeout=TIMEOUT) as smtp:
                    smtp.sendmail("sender@elsewhere.test", self.user["address"], b"Subject: x\r\n\r\nx\r\n")
                with imaplib.IMAP4("127.0.0.1", frontend("imap"), timeout=TIMEOUT) as imap:
                    imap.starttls(insecure_tls())
                    imap.login(self.user["address"], self.user["password"])
                    if imap.select("INBOX")[0] != "OK":
                        raise imaplib.IMAP4.error("SELECT")
                self.rounds += 1
            except (OSError, smtplib.SMTPException, imaplib.IMAP4.error) as error:
                self.errors.append(repr(error))

    def stop(self):
        self.over.set()
        self.join()


def wait_until_more(clients):
    before = clients.rounds
    wait_until("more rounds", lambda: clients.rounds >= before + 5, 60)


def imap_through_the_balancer(held):
    imap = imaplib.IMAP4("127.0.0.1", frontend("imap"), timeout=TIMEOUT)
    held.callback(imap.shutdown)
    return imap


def pop_through_the_balancer(held):
    pop = poplib.POP3("127.0.0.1", frontend("pop3"), timeout=TIMEOUT)
    held.callback(pop.close)
    return pop


def log_in_by_imap(imap, user):
    imap.starttls(insecure_tls())
    imap.login(user["address"], user["password"])
    imap.select("INBOX")


def log_in_by_pop(pop, user):
    pop.stls(insecure_tls())
    pop.user(user["address"])
    pop.pass_(user["password"])


def reach(node, held, connect):
    """The balancer sends whom it likes where: to all in turn, while those that came before stay."""
    with contextlib.ExitStack() as others:
        for _ in range(20):
            with contextlib.ExitStack() as mine:
                client = connect(mine)
                (held if node.encode() in client.welcome else others).push(mine.pop_all())
            if node.encode() in client.welcome:
                return client
    raise AssertionError(f"no connection to {node}")


class DirectImap(imaplib.IMAP4):
    """Past the balancer: from an address whose connections need not say whose they are."""

    def _create_socket(self, timeout):
        return socket.create_connection((self.host, self.port), timeout, source_address=("127.0.0.3", 0))


class Searcher(threading.Thread):
    """Keeps one node's processors busy: looks all through a mailbox that lies there, again and again."""

    def __init__(self, node, user):
        super().__init__()
        self.over = threading.Event()
        self.imap = DirectImap(node["host"], node["imap"], timeout=TIMEOUT)
        self.imap.starttls(insecure_tls())
        self.imap.login(user["address"], user["password"])
        self.imap.select("INBOX")

    def run(self):
        while not self.over.is_set():
            self.imap.search(None, "TEXT", secrets.token_hex())

    def stop(self):
        if self.over.is_set():
            return
        self.over.set()
        if self.is_alive():
            self.join()
        self.imap.shutdown()


class Balancer(GridCase):
    @classmethod
    def setUpClass(cls):
        cls.grid = BalancedGrid(ROOT / "build/balancer-grid")
        cls.grid.start_anew(3, base_port=BASE_PORT)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.haproxy = HaProxy(cls.grid.nodes, cls.folder)
        cls.nginx = Nginx(cls.grid.nodes, cls.folder)

    @classmethod
    def tearDownClass(cls):
        cls.nginx.stop()
        cls.haproxy.stop()
        cls.grid.stop()

    def setUp(self):
        self.user = self.grid.users[0]

    def wait_for_states(self, *states):
        """Gives all states that were seen meanwhile."""
        wanted = {f"node{i + 1}": state for i, state in enumerate(states)}
        seen = []

        def reached():
            seen.append(self.haproxy.states())
            # Each service is checked by itself, at its own time.
            return seen[-1] == wanted and all(self.haproxy.states(other) == wanted for other in ("smtp", "pop3"))
        wait_until(f"{wanted} at the balancer", reached, 30, 0.2)
        return seen

    @contextlib.contextmanager
    def clients_at_work(self):
        self.wait_for_states("UP", "UP", "UP")
        clients = Clients(self.user)
        clients.start()
        try:
            yield clients
        finally:
            clients.stop()
        self.assertEqual([], clients.errors)

    @contextlib.contextmanager
    def hold(self, node):
        """An IMAP client that is idle and a POP3 client between two commands, through the balancer to that node."""
        user = self.grid.users[1]
        with contextlib.ExitStack() as held:
            imap = reach(node, held, imap_through_the_balancer)
            log_in_by_imap(imap, user)
            imap.send(b"i IDLE\r\n")
            self.assertTrue(imap.readline().startswith(b"+"))
            pop = reach(node, held, pop_through_the_balancer)
            log_in_by_pop(pop, user)
            yield imap, pop

    def check_they_go_elsewhere(self, imap, pop, node):
        """They are told to, each as its protocol has it, and are served by another node at once."""
        last = [line for line in iter(imap.readline, b"") if line.startswith(b"* BYE ")]
        self.assertEqual(1, len(last), "the connection ended without a BYE")
        self.assertEqual(b"+OK", pop.noop()[:3])
        self.assertEqual(b"+OK", pop.quit()[:3])
        user = self.grid.users[1]
        with contextlib.ExitStack() as held:
            imap, pop = imap_through_the_balancer(held), pop_through_the_balancer(held)
            for client in (imap, pop):
                self.assertNotIn(node.encode(), client.welcome)
            log_in_by_imap(imap, user)
            log_in_by_pop(pop, user)

    def test_1_every_node_is_up_and_says_how_much_it_takes(self):
        self.wait_for_states("UP", "UP", "UP")
        for row in self.haproxy.servers("imap").values():
            self.assertTrue(20 <= int(row["weight"]) <= 100, row["weight"])

    def test_1_a_client_behind_the_balancer_is_known_by_its_own_address(self):
        self.wait_for_states("UP", "UP", "UP")
        with smtplib.SMTP("127.0.0.1", frontend("smtp"), timeout=TIMEOUT, source_address=("127.0.0.3", 0)) as smtp:
            smtp.sendmail("sender@elsewhere.test", self.user["address"], b"Subject: from whom\r\n\r\nx\r\n")
        with imaplib.IMAP4("127.0.0.1", frontend("imap"), timeout=TIMEOUT) as imap:
            imap.starttls(insecure_tls())
            imap.login(self.user["address"], self.user["password"])
            imap.select("INBOX")
            found = imap.search(None, "SUBJECT", '"from whom"')[1][0].split()[-1]
            header = imap.fetch(found, "(BODY.PEEK[HEADER.FIELDS (RECEIVED)])")[1][0][1]
        self.assertIn(b"[127.0.0.3]", header)

    def weights(self, service):
        return {name: int(row["weight"]) for name, row in self.haproxy.servers(service).items()}

    def spread(self, connections):
        """How many of so many connections at once each node gets; the balancer counts those that are open."""
        counts = {f"node{i}": 0 for i in (1, 2, 3)}
        with contextlib.ExitStack() as held:
            for _ in range(connections):
                smtp = held.enter_context(smtplib.SMTP(timeout=TIMEOUT))
                banner = smtp.connect("127.0.0.1", frontend("smtp"))[1].decode()
                counts[re.match(r"(node\d)\.", banner)[1]] += 1
        return counts

    def test_2_a_busy_node_gets_less_of_the_traffic(self):
        self.wait_for_states("UP", "UP", "UP")
        wait_until("all are idle", lambda: min(self.weights("smtp").values()) >= 95, 60, 0.2)
        calm = self.spread(45)
        self.assertLessEqual(max(calm.values()) - min(calm.values()), 3, calm)
        user, name = self.user, self.primary_of(self.user)
        busy_node, others = self.grid.node(name), {"node1", "node2", "node3"} - {name}
        with smtplib.SMTP(busy_node["host"], busy_node["smtp"], timeout=TIMEOUT, source_address=("127.0.0.3", 0)) as smtp:
            for number in range(100):
                text = f"Subject: {number}\r\n\r\n" + "Much to look through, and nothing to find in it.\r\n" * 1000
                smtp.sendmail("sender@elsewhere.test", user["address"], text.encode())
        searchers = [Searcher(busy_node, user) for _ in range(4)]
        for searcher in searchers:
            self.addCleanup(searcher.stop)
            searcher.start()
        def weighed_less():
            weights = self.weights("smtp")
            return weights[name] <= 75 and all(weights[other] >= 90 for other in others)
        wait_until(f"{name} says that it is busy", weighed_less, 60, 0.2)
        busy = self.spread(60)
        self.assertLess(busy[name] * 1.15, min(busy[other] for other in others), busy)
        for searcher in searchers:
            searcher.stop()
        wait_until(f"{name} takes its share again", lambda: self.weights("smtp")[name] >= 95, 60, 0.2)

    def primary_of(self, user):
        return self.grid.node(self.location(user)["primary"])["name"]

    def test_1_nginx_sends_each_user_to_the_node_of_the_mailbox(self):
        for user in self.grid.users[:4]:
            self.assertEqual((self.primary_of(user), "127.0.0.3"), self.nginx.served_by(user))
        pop = poplib.POP3_SSL("127.0.0.1", self.nginx.port(995), timeout=TIMEOUT, context=insecure_tls())
        pop.user(self.user["address"])
        pop.pass_(self.user["password"])
        self.assertLessEqual(1, pop.stat()[0])
        pop.quit()

    def test_1_nginx_refuses_as_a_node_does(self):
        for address in (self.user["address"], "nobody@example.test"):
            with self.nginx.imap() as imap:
                self.assertRaisesRegex(imaplib.IMAP4.error, r"\[AUTHENTICATIONFAILED\] wrong user or password", imap.login,
                                       address, "wrong")
            with smtplib.SMTP_SSL("127.0.0.1", self.nginx.port(465), timeout=TIMEOUT, context=insecure_tls()) as smtp:
                with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
                    smtp.login(address, "wrong")
                self.assertEqual(535, refused.exception.smtp_code)

    def test_1_a_look_up_names_the_same_nodes(self):
        looked_up = json.loads(self.gridmail("--json", "lookup", self.user["address"]))
        self.assertEqual(self.user["address"], looked_up["value"])
        self.assertEqual(self.location(self.user)["primary"], looked_up["servers"]["imap"]["node"])
        self.assertEqual(self.grid.node(self.primary_of(self.user))["imap"], looked_up["servers"]["imap"]["port"])

    def test_2_no_client_notices_that_a_node_is_drained(self):
        with self.clients_at_work() as clients, self.hold("node2") as (imap, pop):
            self.gridmail("node", "drain", "node2")
            wait_until("node2 gets nothing new", lambda: self.haproxy.states().get("node2") in GONE, 30, 0.2)
            self.check_they_go_elsewhere(imap, pop, "node2")
            wait_until_more(clients)
            self.gridmail("node", "undrain", "node2")
            self.wait_for_states("UP", "UP", "UP")
            wait_until_more(clients)

    def test_2_no_client_notices_that_a_node_is_stopped(self):
        with self.clients_at_work() as clients, self.hold("node2") as (imap, pop):
            stopping = threading.Thread(target=self.grid.stop_node, args=("node2",))
            stopping.start()
            try:
                self.check_they_go_elsewhere(imap, pop, "node2")
            finally:
                stopping.join()
            wait_until_more(clients)
            self.grid.start_node("node2")
            self.wait_for_states("UP", "UP", "UP")
            wait_until_more(clients)
        self.grid.wait_until_whole(60)

    def test_3_a_node_that_dies_costs_only_its_own_connections(self):
        sessions = []
        for _ in range(9):
            imap = imaplib.IMAP4("127.0.0.1", frontend("imap"), timeout=TIMEOUT)
            self.addCleanup(imap.shutdown)
            imap.starttls(insecure_tls())
            imap.login(self.user["address"], self.user["password"])
            imap.select("INBOX")
            sessions.append(imap)
        lost = [imap for imap in sessions if b"node3" in imap.welcome]
        kept = [imap for imap in sessions if b"node3" not in imap.welcome]
        self.assertTrue(lost and kept)
        orphan = next(user for user in self.grid.users if self.primary_of(user) == "node3")
        self.grid.kill("node3")
        for imap in kept:
            self.assertEqual("OK", imap.noop()[0])
        for imap in lost:
            self.assertRaises((OSError, imaplib.IMAP4.abort), imap.noop)
        clients = Clients(self.user)
        clients.start()
        self.addCleanup(clients.stop)
        for seen in self.wait_for_states("UP", "UP", "DOWN"):
            self.assertEqual(("UP", "UP"), (seen["node1"], seen["node2"]))
        wait_until("rounds without node3", lambda: clients.rounds >= 5, 60)
        self.assertIn(self.nginx.served_by(orphan)[0], ("node1", "node2"))
        self.grid.start_node("node3")
        self.wait_for_states("UP", "UP", "UP")
        clients.stop()
        self.assertEqual([], clients.errors)


class HaProxyAsItIs(unittest.TestCase):
    def test_its_configuration_is_sound(self):
        file = ROOT / "packaging/balancers/haproxy.cfg"
        done = subprocess.run(["haproxy", "-c", "-f", file], capture_output=True, text=True, timeout=TIMEOUT, check=False)
        self.assertEqual(0, done.returncode, done.stderr)


class Keepalived(unittest.TestCase):
    def complaints(self, text):
        """Not the exit code: 2.2.7 ends its own process after a test."""
        with tempfile.TemporaryDirectory() as folder:
            file, log = pathlib.Path(folder, "keepalived.conf"), pathlib.Path(folder, "log")
            file.write_text(text)
            subprocess.run(["keepalived", "--use-file", file, f"--config-test={log}"], start_new_session=True, check=False,
                           timeout=TIMEOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return [line for line in log.read_text().splitlines() if "interface" not in line]  # this machine's differ

    def test_its_configuration_is_sound(self):
        text = (ROOT / "packaging/balancers/keepalived.conf").read_text()
        self.assertEqual([], self.complaints(text))
        self.assertTrue(self.complaints(text.replace("virtual_router_id 25", "virtual_router_id 2500")))


class PostfixLooksUp(GridCase):
    """Both of Postfix's protocols, through its own postmap."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "main.cf").write_text("compatibility_level = 3.6\n")

    def ask(self, table, key):
        done = subprocess.run(["/usr/sbin/postmap", "-c", self.folder, "-q", key, table], capture_output=True, text=True,
                              timeout=TIMEOUT, check=False)
        self.assertEqual("", done.stderr)
        return done.stdout.strip() if done.returncode == 0 else None

    def test_socketmap(self):
        for node in self.grid.living():
            table = f"socketmap:inet:{node['host']}:{node['socketmap']}"
            address = self.user["address"]
            self.assertEqual(address, self.ask(f"{table}:recipients", address))
            self.assertIsNone(self.ask(f"{table}:recipients", "nobody@" + address.split("@")[1]))
            self.assertEqual("example.test", self.ask(f"{table}:domains", "example.test"))
            self.assertIsNone(self.ask(f"{table}:domains", "elsewhere.test"))

    def test_tcp_table(self):
        for node in self.grid.living():
            table = f"tcp:{node['host']}:{node['tcp_table']}"
            self.assertEqual(self.user["address"], self.ask(table, self.user["address"]))
            self.assertIsNone(self.ask(table, "nobody@example.test"))
            self.assertEqual("example.test", self.ask(table, "example.test"))
