"""A grid of real gridmaild processes on this machine, as `./dev grid` and the integration tests use it.

DIR/grid.json describes it (design, section 10); DIR/NAME/ holds each node's configuration, data and log.
"""

import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import time

from grid_api import ApiError, GridApi

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Which build is tested: a preset of CMakePresets.json, for instance one with sanitizers.
BUILD = ROOT / "build" / os.environ.get("GRIDMAIL_PRESET", "release")
DAEMON = BUILD / "gridmaild"
COMMAND = BUILD / "gridmail"
DEFAULT_DIR = ROOT / "build/grid"
DEFAULT_BASE_PORT = 20000
DOMAIN = "example.test"
USERS = 50
USERS_PER_BATCH = 10  # each password is hashed, which on a busy machine takes a while
HOST = "127.0.0.1"

PORTS_PER_NODE = 16
NODES_MAX = 500 // PORTS_PER_NODE
# What a node listens on, as offsets from its first port. A listener is named in grid.json once gridmaild has it, by
# gridmaild's own name for it but for CALLED.
LISTENERS = {"smtp": 0, "submission": 1, "submissions": 2, "lmtp": 3, "imap": 4, "imaps": 5, "pop3": 6, "pop3s": 7,
             "http": 8, "socketmap": 10, "tcp_table": 11, "agent": 13}
CALLED = {"agent": "agent_check"}
PEER_OFFSET = 12


class GridError(Exception):
    """What the caller is told, without a traceback."""


def wait_until(what, condition, seconds, interval=0.05):
    """Polls until `condition` gives something true, and returns that. A GridError names what did not come."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise GridError(f"{what}: not within {seconds} s")
        time.sleep(interval)


def is_our_process(pid):
    """Whether that pid still is a gridmaild, not a process that got its number later."""
    try:
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z" and command[0].endswith(b"gridmaild")


class LoopbackGrid:
    users_count = USERS
    cache_bytes = "64 MiB"
    reserve_bytes = "64 MiB"  # the floor: whoever runs tests may have little room
    plaintext_login = True
    proxies = 'trusted = ["127.0.0.2"]'
    drain = ""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory).resolve()
        self.file = self.dir / "grid.json"
        self.description = None

    # --- the description ---

    def load(self):
        try:
            self.description = json.loads(self.file.read_text())
        except FileNotFoundError:
            raise GridError(f"{self.file}: there is no grid") from None
        return self

    def save(self):
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(self.description, indent=2) + "\n")
        new.replace(self.file)

    @property
    def nodes(self):
        return self.description["nodes"]

    @property
    def users(self):
        return self.description["users"]

    def node(self, name_or_id):
        for node in self.nodes:
            if name_or_id in (node["name"], node["id"]):
                return node
        raise GridError(f"no node is called {name_or_id}")

    def api(self, node):
        return GridApi(node["host"], node["http"], self.description["admin"]["token"])

    def living(self):
        return [node for node in self.nodes if is_our_process(node["pid"])]

    # --- start ---

    def start(self, count, base_port=DEFAULT_BASE_PORT, smart_host=None):
        if not 1 <= count <= NODES_MAX:
            raise GridError(f"a loopback grid has 1 to {NODES_MAX} nodes")
        self._clear()
        self.description = {
            "domain": DOMAIN,
            "admin": {"user": "admin", "password": secrets.token_urlsafe(12), "token": secrets.token_urlsafe(24)},
            "users": [{"address": f"user{i}@{DOMAIN}", "password": f"password-of-user{i}"}
                      for i in range(1, self.users_count + 1)],
            "nodes": [self._plan_node(i, base_port) for i in range(1, count + 1)],
        }
        for node in self.nodes:
            self._write_config(node, smart_host)
        try:
            self._start_all()
        except BaseException:
            self._kill_all(signal.SIGKILL)
            raise
        self.save()
        return self

    def start_anew(self, count, **options):
        """As start, after stopping what an earlier run may have left."""
        if self.file.exists():
            self.load().stop()
        return self.start(count, **options)

    def _clear(self):
        if self.file.exists():
            if self.load().living():
                raise GridError(f"the grid in {self.dir} is running: ./dev grid stop --dir {self.dir}")
            for node in self.nodes:
                shutil.rmtree(node["dir"], ignore_errors=True)
            self.file.unlink()
        elif self.dir.is_dir() and any(self.dir.iterdir()):
            # An earlier start that failed leaves node folders and logs; anything else is not ours to remove.
            for entry in self.dir.iterdir():
                if not (entry / "gridmail.toml").is_file():
                    raise GridError(f"{self.dir} is neither empty nor a grid")
            for entry in self.dir.iterdir():
                shutil.rmtree(entry)
        self.dir.mkdir(parents=True, exist_ok=True)

    def _plan_node(self, number, base_port):
        first = base_port + (number - 1) * PORTS_PER_NODE
        name = f"node{number}"
        node = {"id": "", "name": name, "pid": 0, "dir": str(self.dir / name), "host": HOST}
        return node | {service: first + offset for service, offset in LISTENERS.items()}

    def _write_config(self, node, smart_host):
        directory = pathlib.Path(node["dir"])
        directory.mkdir(mode=0o700)
        peer = node["smtp"] + PEER_OFFSET
        listeners = "\n".join(f'{CALLED.get(service, service)} = "{node["host"]}:{node[service]}"'
                              for service in [*LISTENERS, "https"] if service in node)
        outbound = f'smart_host = "{smart_host}"' if smart_host else ""
        socket = directory / "sendmail"  # such names are short (unix(7))
        local_mail = f'[local_mail]\nsocket = "{socket}"\n' if len(str(socket)) < 100 else ""
        (directory / "gridmail.toml").write_text(f"""# A node of a loopback grid: no limits per address and user.
data_dir = "{self._data_dir(node)}"
name = "{node['name']}"
hostname = "{node['name']}.{DOMAIN}"
zone = "{node['name']}"

[peer]
listen = "{node['host']}:{peer}"

[listen]
{listeners}

[login]
plaintext_from_loopback = {str(self.plaintext_login).lower()}
slow_down_wrong_passwords = false

[proxy]
{self.proxies}

[outbound]
{outbound}

{local_mail}
[drain]
{self.drain}

[limits]
connections_per_address_max = 0

[storage]
cache_bytes = "{self.cache_bytes}"
reserve_bytes = "{self.reserve_bytes}"
""")

    def _data_dir(self, node):
        return pathlib.Path(node["dir"]) / "data"

    def _command(self, node, arguments):
        """What starts the node; exec only, as the process is to be gridmaild."""
        return [DAEMON, "--config", pathlib.Path(node["dir"]) / "gridmail.toml", *arguments]

    def _spawn(self, node, arguments=(), secrets_of_admin=False):
        directory = pathlib.Path(node["dir"])
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GRIDMAIL_")}
        if secrets_of_admin:
            environment |= {"GRIDMAIL_ADMIN_PASSWORD": self.description["admin"]["password"],
                            "GRIDMAIL_ADMIN_TOKEN": self.description["admin"]["token"]}
        with open(directory / "gridmaild.log", "ab") as log:
            process = subprocess.Popen(self._command(node, arguments), cwd=directory, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, env=environment, start_new_session=True)
        node["pid"] = process.pid
        return process

    def _raise_if_ended(self, node, process=None):
        gone = process.poll() is not None if process else not is_our_process(node["pid"])
        if gone:
            raise GridError(f"{node['name']} ended by itself:\n{self._last_lines(node)}")

    def _wait_for_probe(self, node, path, seconds, process=None):
        def answered():
            self._raise_if_ended(node, process)
            return self.api(node).probe(path)[0] == 200
        wait_until(f"{node['name']}: {path}", answered, seconds)

    @staticmethod
    def _last_lines(node):
        log = pathlib.Path(node["dir"]) / "gridmaild.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-15:])

    def _start_all(self):
        first, *others = self.nodes
        process = self._spawn(first, ["--create"], secrets_of_admin=True)
        self._wait_for_probe(first, "/startupz", 30, process)
        api = self.api(first)

        def agreed():  # a map that is still being agreed answers 503 for a moment; another grid on these ports, 401
            self._raise_if_ended(first, process)
            return self._answers(lambda: api.get("/status"))
        wait_until("the new grid", agreed, 30)
        processes = [(node, self._join(node, api)) for node in others]
        for node, process in processes:
            self._wait_for_probe(node, "/startupz", 60, process)
        self._learn_ids(api)
        self._add_users(api)
        self.wait_until_whole(60 + 5 * len(self.nodes))

    def _join(self, node, api):
        token_file = pathlib.Path(node["dir"]) / "join-token"
        token = wait_until("a join token", lambda: self._answers(lambda: api.post("/join-tokens")), 30)["token"]
        token_file.write_text(token)
        token_file.chmod(0o600)
        return self._spawn(node, ["--join-file", token_file])

    def add_node(self, name):
        """Lets one more node into the running grid, on ports that none has had; returns when it is up."""
        api = self.api(self.living()[0])
        number = max(node["smtp"] for node in self.nodes)
        node = self._plan_node(1, number + PORTS_PER_NODE) | {"name": name, "dir": str(self.dir / name)}
        self._write_config(node, None)
        process = self._join(node, api)
        self.nodes.append(node)
        self.save()
        self._wait_for_probe(node, "/startupz", 60, process)
        self._learn_ids(api)
        self.save()
        return node

    @staticmethod
    def _answers(call):
        try:
            return call()
        except (ApiError, OSError):
            return None

    def _learn_ids(self, api):
        def all_members():
            for node in self.nodes:
                self._raise_if_ended(node)
            status = self._answers(lambda: api.get("/status"))
            ids = {row["name"]: row["id"] for row in status["nodes"]} if status else {}
            return ids if all(node["name"] in ids for node in self.nodes) else None
        ids = wait_until("all nodes in the map", all_members, 60)
        for node in self.nodes:
            node["id"] = ids[node["name"]]

    def _add_users(self, api):
        def domain_added():
            try:
                api.post("/domains", {"name": DOMAIN})
            except ApiError as error:
                return error.status == 409  # an earlier try whose answer was lost
            except OSError:
                return False
            return True

        def users_added(users):
            rows = self._answers(lambda: api.post("/user-batches", {"users": users}))
            return rows and all("error" not in row or row["error"]["code"] == "already_exists" for row in rows)
        wait_until("adding the domain", domain_added, 60)
        for first in range(0, len(self.users), USERS_PER_BATCH):
            batch = self.users[first:first + USERS_PER_BATCH]
            wait_until("adding users", lambda users=batch: users_added(users), 60)

    def wait_until_whole(self, seconds):
        """Every node is ready, and every slot has as many copies in sync as there can be."""
        copies = min(2, len(self.nodes))
        for node in self.nodes:
            self._wait_for_probe(node, "/readyz", seconds)
            def whole(api=self.api(node)):
                for each in self.nodes:
                    self._raise_if_ended(each)
                slots = self._answers(lambda: api.get("/slots"))
                return slots and all(row["primary"] and len(row["in_sync"]) >= copies and not row["joining"]
                                     for row in slots)
            wait_until(f"{node['name']}: {copies} copies of every slot", whole, seconds, 0.2)

    # --- stop, kill, come back ---

    def _kill_all(self, how):
        for node in self.nodes:
            if node["pid"] and is_our_process(node["pid"]):
                os.kill(node["pid"], how)

    def stop(self):
        self._kill_all(signal.SIGTERM)
        try:
            wait_until("the nodes' end", lambda: not self.living(), 40)
        except GridError:
            self._kill_all(signal.SIGKILL)
            wait_until("the nodes' end", lambda: not self.living(), 5)

    def kill(self, name):
        """kill -9, and waits until the process is gone."""
        pid = self.node(name)["pid"]
        if is_our_process(pid):
            os.kill(pid, signal.SIGKILL)
        wait_until(f"{name}: end", lambda: not is_our_process(pid), 10, 0.01)

    def stop_node(self, name):
        """As a service manager does, and waits until the process is gone."""
        pid = self.node(name)["pid"]
        os.kill(pid, signal.SIGTERM)
        wait_until(f"{name}: end", lambda: not is_our_process(pid), 60, 0.05)

    def start_node(self, name, seconds=90):
        """Brings a node back, and returns when it is ready."""
        node = self.node(name)
        if is_our_process(node["pid"]):
            raise GridError(f"{node['name']} is running")
        process = self._spawn(node)
        # Whoever kills it again while it starts must find the new pid.
        self.save()
        self._wait_for_probe(node, "/readyz", seconds, process)
