"""A gridmaild that cannot start says why, and exits with 2 for what an admin has to put right, 1 otherwise."""

import contextlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

from grid import ApiError, GridCase, wait_until
from grid_api import GridApi
from loopback_grid import BUILD, COMMAND, DAEMON, GridError, LoopbackGrid

TOKEN = "a-token-for-tests-of-the-start"


def free_ports(count):
    """Ports that nobody had a moment ago."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class StartCase(GridCase):
    users_needed = 0

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.peer_port, self.http_port = free_ports(2)

    def command(self, *arguments, config="", data="data", peer_port=None):
        file = self.folder / "gridmail.toml"
        file.write_text(f'data_dir = "{self.folder}/{data}"\n[peer]\nlisten = "127.0.0.1:{peer_port or self.peer_port}"\n'
                        f"{config}")
        return [DAEMON, "--config", file, *arguments]

    def start(self, *arguments, **options):
        """Exit code and all it says, of a start that is to fail."""
        done = subprocess.run(self.command(*arguments, **options), capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    @contextlib.contextmanager
    def running(self, *arguments, **options):
        """A start that is to succeed; gives the lines up to its readiness, and stops the node afterwards."""
        with subprocess.Popen(self.command(*arguments, **options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True) as process:
            try:
                lines = []
                while not lines or "node.ready" not in lines[-1]:
                    lines.append(process.stdout.readline())
                    self.assertTrue(lines[-1], lines)
                yield lines
            finally:
                process.terminate()
                process.communicate(timeout=20)  # a node that had to be ended takes longer

    def listeners(self, **ports):
        text = "".join(f'{name} = "127.0.0.1:{port}"\n' for name, port in ports.items())
        return f"[creation]\nslots = 4\n[listen]\n{text}"

    def token_of_grid(self, **body):
        return self.grid.api(self.grid.nodes[0]).post("/join-tokens", body)["token"]


class BadConfiguration(StartCase):
    def test_an_unknown_key(self):
        code, text = self.start(config="[listen]\nimpa = \"127.0.0.1:1\"\n")
        self.assertEqual(2, code)
        self.assertIn("gridmail.toml:5:1: unknown key listen.impa; did you mean listen.imap?", text)

    def test_a_listener_without_an_ip_address(self):
        code, text = self.start("--create", config=self.listeners(imap=1).replace("127.0.0.1:1\"", "localhost:1143\""))
        self.assertEqual(2, code)
        self.assertIn("cannot listen for imap on localhost: not an IP address", text)

    def test_a_certificate_that_is_none(self):
        wrong = self.folder / "wrong.pem"
        wrong.write_text("nothing\n")
        code, text = self.start("--create", config=f'[tls]\ncertificate = "{wrong}"\nkey = "{wrong}"\n')
        self.assertEqual(2, code)
        self.assertIn(f"certificate {wrong}: not a PEM file of its kind", text)

    def test_an_empty_directory_without_create_or_join(self):
        code, text = self.start()
        self.assertEqual(2, code)
        self.assertIn("--create", text)


class BrokenCreation(StartCase):
    def test_a_port_in_use_costs_no_password_and_a_grid_is_created_once(self):
        taken = self.grid.nodes[0]["imap"]
        code, text = self.start("--create", config=self.listeners(imap=taken))
        self.assertEqual(1, code)
        self.assertRegex(text, rf"gridmaild: cannot listen for imap on 127\.0\.0\.1 port {taken}: Address already in use")
        self.assertNotIn("password", text)
        config = self.listeners(http=self.http_port)
        with self.running("--create", config=config) as lines:
            password = re.search(r"The administrator is admin with password (\S+)", "".join(lines)).group(1)
            done = subprocess.run([COMMAND, "--json", "node", "list"], capture_output=True,
                                  env={"GRIDMAIL_URL": f"http://127.0.0.1:{self.http_port}",
                                       "GRIDMAIL_ADMIN_PASSWORD": password}, check=True)
            self.assertEqual(1, len(json.loads(done.stdout)))
        code, text = self.start("--create", config=config)
        self.assertEqual(2, code)
        self.assertIn("in a grid already: start it without --create", text)
        with self.running(config=config) as lines:
            self.assertNotIn("password", "".join(lines))

    def test_a_taken_port_between_nodes(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", self.peer_port))
            other.listen()
            code, text = self.start("--create", config=self.listeners())
        self.assertEqual(1, code)
        self.assertIn(f"cannot listen for peers on 127.0.0.1 port {self.peer_port}: Address already in use", text)
        with self.running("--create", config=self.listeners()) as lines:
            self.assertIn("password", "".join(lines))

    def test_only_who_creates_a_grid_may_finish_its_creation(self):
        taken = self.grid.nodes[0]["imap"]
        self.assertEqual(1, self.start("--create", config=self.listeners(imap=taken))[0])
        code, text = self.start(config=self.listeners())
        self.assertEqual(2, code)
        self.assertIn("in no grid yet", text)
        self.assertNotIn("password", text)
        with self.running("--create", config=self.listeners()) as lines:
            self.assertIn("password", "".join(lines))
        with self.running(config=self.listeners()):
            pass

    def test_an_address_that_the_machine_does_not_have_yet_may_come(self):
        config = self.listeners(imap=1).replace("127.0.0.1:1\"", "192.0.2.77:1143\"")
        code, text = self.start("--create", config=config)
        self.assertEqual(1, code)
        self.assertIn("Cannot assign requested address", text)

    def test_a_loopback_grid_on_the_ports_of_another_says_so(self):
        with self.assertRaisesRegex(GridError, "node1 ended by itself(?s:.*)Address already in use"):
            LoopbackGrid(self.folder / "grid").start(1, base_port=self.grid.nodes[0]["smtp"])


class WrongDirectory(StartCase):
    def test_the_store_of_another_node(self):
        with self.running("--create", config=self.listeners()):
            pass
        with self.running("--create", config=self.listeners(), data="other"):
            pass
        shutil.copy(self.folder / "other/node.key", self.folder / "data/node.key")
        code, text = self.start(config=self.listeners())
        self.assertEqual(2, code)
        self.assertIn("the store belongs to node", text)

    def test_the_store_of_a_newer_version(self):
        with self.running("--create", config=self.listeners()) as lines:
            node = re.search(r"node\.ready id=(\w+)", lines[-1]).group(1)
        subprocess.run([BUILD / "newer_store", self.folder / "data/store", node], check=True)
        for _ in range(2):
            code, text = self.start(config=self.listeners())
            self.assertEqual(2, code)
            self.assertIn("install a newer gridmail", text)

    def test_a_directory_that_a_node_is_running_in(self):
        with self.running("--create", config=self.listeners()):
            code, text = self.start(config=self.listeners(), peer_port=free_ports(1)[0])
        self.assertEqual(1, code)
        self.assertIn(f"{self.folder}/data/store is already in use by another process", text)


class WrongToken(StartCase):
    def refused(self, token):
        code, text = self.start("--join", token)
        self.assertEqual(2, code, text)
        self.assertIn("gridmaild: cannot join: ", text)
        return text

    def test_one_that_is_none(self):
        self.assertIn("token", self.refused("nonsense"))

    def test_one_that_was_used(self):
        token = (pathlib.Path(self.grid.nodes[1]["dir"]) / "join-token").read_text()
        self.assertIn("was used already", self.refused(token))

    def test_one_that_has_expired(self):
        token = self.token_of_grid(ttl_seconds=1)
        time.sleep(2)
        self.assertIn("has expired", self.refused(token))

    def test_one_of_another_grid_than_the_directory(self):
        with self.running("--create", config=self.listeners()):
            pass
        code, text = self.start("--join", self.token_of_grid())
        self.assertEqual(2, code)
        self.assertIn("belongs to another grid", text)

    @staticmethod
    def answer(api):
        """A map that is still being agreed answers 503 for a moment."""
        with contextlib.suppress(ApiError):
            return api.post("/join-tokens")

    def test_one_of_a_grid_whose_address_another_grid_has_now(self):
        config = self.listeners(http=self.http_port)
        secrets = self.folder / "token"
        secrets.write_text(TOKEN)
        with self.running("--create", "--admin-token-file", secrets, config=config):
            api = GridApi("127.0.0.1", self.http_port, TOKEN)
            token = wait_until("a token", lambda: self.answer(api), 30)["token"]
        with self.running("--create", config=config, data="other"):
            done = subprocess.run(self.command("--join", token, data="third", peer_port=free_ports(1)[0]),
                                  capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertIn("cannot join", done.stderr)
