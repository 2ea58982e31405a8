"""What a machine that runs from the boot image decides by itself: its data disk, its answers, its network, what its console says.
The whole of it, in QEMU: ./dev iso-test."""

import contextlib
import errno
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging/iso/machine/usr/lib/gridmail"))

import answers  # noqa: E402
import console  # noqa: E402
import console_screen  # noqa: E402
import data_disk  # noqa: E402
import first_boot  # noqa: E402
import machine_settings  # noqa: E402
from data_disk import Device, Refused, choose  # noqa: E402

GIB = 1 << 30
MANUAL = ROOT / "packaging/admin.md"


def device(path, is_blank=True, serial="", size=8 * GIB, **other):
    return Device(path, size, serial, is_blank, **other)


class DataDisk(unittest.TestCase):
    def test_the_only_blank_disk_is_taken(self):
        self.assertEqual("/dev/sda", choose([device("/dev/sda"), device("/dev/sdb", is_blank=False)]).path)

    def test_none_or_several_blank_disks_are_refused(self):
        with self.assertRaisesRegex(Refused, "no disk is blank"):
            choose([device("/dev/sda", is_blank=False)])
        with self.assertRaisesRegex(Refused, "2 disks are blank"):
            choose([device("/dev/sda"), device("/dev/sdb")])

    def test_a_disk_that_holds_something_is_taken_only_by_its_serial_number(self):
        disks = [device("/dev/sda", is_blank=False, serial="A1"), device("/dev/sdb")]
        self.assertEqual("/dev/sdb", choose(disks).path)
        self.assertEqual("/dev/sda", choose(disks, "A1").path)
        with self.assertRaisesRegex(Refused, "0 usable disks"):
            choose(disks, "B2")
        with self.assertRaisesRegex(Refused, "2 usable disks"):
            choose([device("/dev/sda", serial="A1"), device("/dev/sdc", serial="A1")], "A1")

    def test_never_the_boot_medium_nor_what_cannot_be_written_nor_what_is_too_small(self):
        disks = [device("/dev/sda", serial="A", is_boot=True), device("/dev/sdb", serial="B", is_read_only=True),
                 device("/dev/sdc", serial="C", size=GIB // 2)]
        for serial in ("", "A", "B", "C"):
            with self.assertRaises(Refused):
                choose(disks, serial)

    def test_a_nodes_disk_is_erased_by_no_serial_number(self):
        with self.assertRaisesRegex(Refused, "data disk of a node"):
            choose([device("/dev/sda", is_blank=False, serial="A", is_ours=True), device("/dev/sdb")], "A")

    def test_devices_are_read_from_lsblk(self):
        rows = [{"path": "/dev/vda", "type": "disk", "size": 8 * GIB, "ro": False, "serial": "A", "fstype": None, "pttype": None},
                {"path": "/dev/vdb", "type": "disk", "size": 8 * GIB, "ro": False, "pttype": "gpt",
                 "children": [{"path": "/dev/vdb1", "type": "part", "label": "gridmail-data"}]},
                {"path": "/dev/vdc", "type": "disk", "size": 8 * GIB, "ro": False, "fstype": "iso9660"},
                {"path": "/dev/vdd", "type": "disk", "size": 8 * GIB, "ro": False, "fstype": "vfat", "label": "cidata"},
                {"path": "/dev/sr0", "type": "rom", "size": GIB, "ro": True}]
        found = data_disk.devices_of(rows, {"/dev/vdb1"})
        self.assertEqual([("/dev/vda", True, False), ("/dev/vdb", False, True), ("/dev/vdc", False, False), ("/dev/vdd", False, False)],
                         [(disk.path, disk.is_blank, disk.is_boot) for disk in found])
        self.assertEqual(["/dev/vdb"], [disk.path for disk in found if disk.is_ours])
        self.assertEqual(["/dev/vdb1"], data_disk.labelled(rows, data_disk.LABEL))
        self.assertEqual(["/dev/vdd"], data_disk.labelled(rows, answers.VOLUME))


class Answers(unittest.TestCase):
    def test_the_machines_own_table_is_taken_off(self):
        found = answers.parse(
            'hostname = "mail1.example.org"\n[listen]\nimaps = "0.0.0.0:993"\n[setup]\njoin = "a \\"token\\""\n'
            '[machine]\nname = "mail1"\ndns = ["192.0.2.53"]\n', "x")
        self.assertEqual({"hostname": "mail1.example.org", "listen": {"imaps": "0.0.0.0:993"},
                          "setup": {"join": 'a "token"'}}, tomllib.loads(found.config))
        self.assertEqual({"name": "mail1", "dns": ["192.0.2.53"]}, found.machine)

    def test_tables_within_tables_and_letters_of_all_kinds_stay(self):
        table = {"storage": {"cache_bytes": "1 GiB", "paths": {"meta": "/fast"}}, "zone": "Küche 😀 \t\"", "weight": 5,
                 "login": {"on": True}}
        self.assertEqual(table, tomllib.loads(answers.to_toml(table)))

    def test_what_is_no_toml_is_refused_with_its_source(self):
        for text in ("[machine\n", "machine = 1\n"):
            with self.assertRaisesRegex(Refused, "^the volume: "):
                answers.parse(text, "the volume")

    def test_the_kernels_command_line_may_hold_a_token(self):
        self.assertEqual("abc", answers.token_of("no_timer_check quiet gridmail.join=abc console=tty0"))
        self.assertIsNone(answers.token_of("no_timer_check quiet notgridmail.join=abc"))

    def test_the_manuals_example_is_one_that_is_taken(self):
        texts = [text.split("```")[0] for text in MANUAL.read_text().split("```toml\n")[1:]]
        examples = [text for text in texts if "[machine]" in text]
        self.assertEqual(1, len(examples))
        found = answers.parse(examples[0], "admin.md")
        machine_settings.check(found.machine, ["eno1"])
        self.assertEqual(set(machine_settings.KNOWN), set(found.machine))


class FirstBoot(unittest.TestCase):
    def prepare(self, disks, **machine):
        """Paths of the disks that were erased."""
        with mock.patch.multiple(data_disk, devices=lambda: disks, is_mounted=lambda: False, make=mock.DEFAULT) as patched, \
             mock.patch.multiple(machine_settings, ethernet_interfaces=lambda: ["eth0"], store=mock.DEFAULT, put_into_force=mock.DEFAULT,
                                 reload_network=mock.DEFAULT):
            with contextlib.suppress(Refused):
                first_boot.prepare(machine)
            return [call.args[0] for call in patched["make"].call_args_list]

    def test_nothing_is_erased_where_anything_is_refused(self):
        self.assertEqual([], self.prepare([device("/dev/sda")], address="nowhere"))
        self.assertEqual([], self.prepare([device("/dev/sda", is_blank=False, serial="A")]))
        self.assertEqual([], self.prepare([device("/dev/sda"), device("/dev/sdb")]))
        self.assertEqual([], self.prepare([device("/dev/sda", serial="A")], data_disk="B"))

    def test_the_named_disk_is_erased_and_no_other(self):
        disks = [device("/dev/sda", is_blank=False, serial="A"), device("/dev/sdb", serial="B")]
        self.assertEqual(["/dev/sda"], self.prepare(disks, data_disk="A"))
        self.assertEqual(["/dev/sdb"], self.prepare(disks))

    def first_boot(self, adopted=None, found=None, **patches):
        """What was done, in order, where `adopted` is what the late disk brings: a configuration, or nothing."""
        done = []

        def note(name, result=None):
            return lambda *given, **more: (done.append((name, *given, *([more["input"]] if "input" in more else []))), result)[1]
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder, "gridmail.toml")

            def adopt(waits):
                done.append(("adopt", waits))
                if adopted:
                    config.write_text(adopted)
            with mock.patch.multiple(first_boot, KEPT_CONFIG=config, UNFINISHED=pathlib.Path(folder, "mark"),
                                     **({"prepare": note("prepare")} | patches)), \
                 mock.patch.multiple(data_disk, is_mounted=lambda: False, adopt=adopt), \
                 mock.patch.multiple(machine_settings, put_into_force=note("force"), reload_network=note("network"),
                                     wait_for_address=note("address")), \
                 mock.patch.multiple(answers, find=lambda: found), mock.patch("result.tell", note("tell")), \
                 mock.patch("os.sync"), mock.patch("subprocess.run", note("run", mock.Mock(returncode=0, stdout=""))):
                return first_boot.main(), done

    def test_a_data_disk_that_shows_up_late_is_taken_and_no_answer_asked(self):
        code, done = self.first_boot("x = 1", answers.Answers("", {"data_disk": "A"}, None))
        self.assertEqual((0, [("adopt", False), ("force",), ("network",), ("run", ["systemctl", "start", "gridmail"])]), (code, done))

    def test_a_token_alone_waits_for_an_address(self):
        done = self.first_boot(None, answers.Answers(None, {}, "abc"))[1]
        self.assertLess(done.index(("address",)), done.index(("run", ["gridmail", "setup", "--join-file", "-"], "abc\n")))

    def test_whatever_goes_wrong_is_told(self):
        code, done = self.first_boot(None, None, take_late_disk=mock.Mock(side_effect=TypeError("odd")))
        self.assertEqual((1, ("tell", "This machine was not set up: odd")), (code, done[-1]))

    def is_node_after_cut_set_up(self, last_word, start_code):
        with tempfile.TemporaryDirectory() as folder:
            config, mark = pathlib.Path(folder, "gridmail.toml"), pathlib.Path(folder, "unfinished")
            config.touch()
            mark.touch()
            with mock.patch.multiple(first_boot, KEPT_CONFIG=config, UNFINISHED=mark), \
                 mock.patch("result.why_not_started", lambda: last_word), \
                 mock.patch.object(first_boot.subprocess, "run", lambda *_, **__: mock.Mock(returncode=start_code)):
                return first_boot.is_a_node(), config.exists(), mark.exists()

    def test_a_set_up_that_a_power_cut_ended_can_be_repeated_unless_it_was_over(self):
        self.assertEqual((False, False, True), self.is_node_after_cut_set_up("this data directory is in no grid yet", 1))
        self.assertEqual((True, True, False), self.is_node_after_cut_set_up("", 0))
        self.assertEqual((True, True, False), self.is_node_after_cut_set_up("the disk is damaged", 1))

    def test_a_volume_counts_before_a_credential_and_both_before_the_command_line(self):
        def found(volume, credential):
            with mock.patch.multiple(answers, from_volume=lambda: volume, from_credential=lambda: credential), \
                 mock.patch.object(pathlib.Path, "read_text", lambda path: "quiet gridmail.join=abc"):
                return answers.find()
        self.assertEqual({"zone": "v"}, tomllib.loads(found(('zone = "v"', "v"), ('zone = "c"', "c")).config))
        self.assertEqual({"zone": "c"}, tomllib.loads(found(None, ('zone = "c"', "c")).config))
        self.assertEqual(answers.Answers(None, {}, "abc"), found(None, None))


    def test_the_kernels_command_line_hands_over_no_credential(self):
        with mock.patch.multiple(answers, from_volume=lambda: None), \
             mock.patch.object(pathlib.Path, "read_text", lambda path: "quiet systemd.set_credential_binary=gridmail.setup:AAAA"):
            with self.assertRaisesRegex(Refused, "no secret"):
                answers.find()


class Console(unittest.TestCase):
    def choose(self, disks, *typed):
        with mock.patch.object(data_disk, "devices", lambda: disks), mock.patch.object(console, "ask", mock.Mock(side_effect=typed)), \
             contextlib.redirect_stdout(io.StringIO()) as shown:
            chosen = console.choose_disk()
        return chosen and chosen.path, shown.getvalue()

    def test_a_disk_that_holds_something_is_taken_only_after_its_phrase(self):
        disks = [device("/dev/sda", is_blank=False), device("/dev/sdb")]
        for phrase in ("yes", "erase", "erase /dev/sdb", ""):
            self.assertIsNone(self.choose(disks, "1", phrase)[0])
        self.assertEqual("/dev/sda", self.choose(disks, "1", "erase /dev/sda")[0])
        self.assertEqual("/dev/sdb", self.choose(disks, "2")[0])

    def test_only_disks_that_may_be_erased_are_offered(self):
        disks = [device("/dev/sda", is_boot=True), device("/dev/sdb", is_read_only=True), device("/dev/sdc")]
        chosen, shown = self.choose(disks, "1")
        self.assertEqual("/dev/sdc", chosen)
        self.assertNotIn("/dev/sda", shown)
        for number in ("0", "2", "x", ""):
            self.assertIsNone(self.choose(disks, number)[0])
        with self.assertRaises(Refused):
            self.choose(disks[:2])


class PoweredOff(BaseException):
    """Ends a console: nothing else does."""


class BrokenMachine(unittest.TestCase):
    """Whatever is wrong with the machine, its console shows it and takes the next key."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.config, self.told = self.folder / "gridmail.toml", self.folder / "told"
        self.answers = {"ip": json.dumps([{"addr_info": [{"local": "192.0.2.1"}]}]), "lsblk": '{"blockdevices": []}'}
        self.codes = {}
        self.ran, self.asked = [], []

    def run_command(self, command, check=False, **_):
        self.ran.append(command)
        code = self.codes.get(command[0], 0)
        if check and code:
            raise subprocess.CalledProcessError(code, command)
        text = "active\n" if "is-active" in command else self.answers.get(command[0], "")
        return mock.Mock(returncode=code, stdout=text)

    def screen_after(self, keys):
        """What stands there once all these keys were typed."""
        def ask(question):
            self.asked.append(question)
            return ""
        with mock.patch.object(console_screen, "CONFIG", self.config), mock.patch("result.FILE", self.told), \
             mock.patch.object(data_disk, "boot_devices", set), mock.patch.object(data_disk, "is_mounted", lambda: False), \
             mock.patch.multiple(console, signal=mock.DEFAULT, whole_lines=mock.MagicMock(), ask=ask,
                                 key_or_refresh=mock.Mock(side_effect=[*keys, PoweredOff])), \
             mock.patch.multiple(console.termios, tcgetattr=mock.DEFAULT), mock.patch.multiple(console.tty, setcbreak=mock.DEFAULT), \
             mock.patch("subprocess.run", self.run_command), contextlib.redirect_stdout(io.StringIO()) as shown:
            with self.assertRaises(PoweredOff):
                console.main()
        return shown.getvalue().split("\033[H")[-1].replace("\033[K\r", "")

    def check_keys_of_a_node(self, words):
        self.ran.clear()
        self.asked.clear()
        shown = self.screen_after("nrldfbph")
        self.assertRegex(shown, rf"(?m)^wrong: .*{words}")
        self.assertNotIn("Nothing is wrong.", shown)
        self.assertIn(console_screen.KEYS_OF_A_NODE, shown)
        for command in (("networkctl", "--no-pager", "status"), ("systemctl", "restart", "gridmail"),
                        ("journalctl", "-e", "-u", "gridmail*"), ("bash", "-l")):
            self.assertIn(command, self.ran)
        for question in ("For how long", "Reboot?", "Power off?"):
            self.assertTrue(any(asked.startswith(question) for asked in self.asked), question)

    def test_a_configuration_that_is_wrong(self):
        for text, words in (("[listen\nhttp = ", r"gridmail\.toml: .*line 1"), ('listen = "0.0.0.0:993"\n', "listen is not a table"),
                            ("[listen]\nhttp = 7480\n", "listen is not a table"), ("[[listen]]\n", "listen is not a table"),
                            ('[listen]\nhttp = "127.0.0.1:99999"\n', "."), ("listen = " + "[" * 5000, ".")):
            with self.subTest(text[:40]):
                self.config.write_text(text)
                self.check_keys_of_a_node(words)

    def test_a_configuration_that_cannot_be_read(self):
        self.config.write_bytes(b"# K\xfcche\n")
        self.check_keys_of_a_node(r"gridmail\.toml: .*utf-8")
        self.config.unlink()
        self.config.mkdir()
        self.check_keys_of_a_node(r"gridmail\.toml")

    def test_a_disk_that_does_not_tell_whether_there_is_a_node(self):
        failure = OSError(errno.EIO, "Input/output error")
        self.config = mock.Mock(exists=mock.Mock(side_effect=failure), read_text=mock.Mock(side_effect=failure))
        self.check_keys_of_a_node("Input/output error")

    def test_what_first_boot_said_cannot_be_read(self):
        self.config.touch()
        self.told.mkdir()
        self.check_keys_of_a_node("Is a directory")

    def test_what_is_asked_of_the_system_fails(self):
        self.config.touch()
        self.answers["ip"] = "no JSON"
        self.check_keys_of_a_node("Expecting value")

    def test_disks_that_cannot_be_listed(self):
        for code, text, words in ((1, "", "lsblk cannot list the disks"), (0, "no JSON", "Expecting value"),
                                  (0, '{"x": 1}', "blockdevices")):
            with self.subTest(words):
                self.codes["lsblk"], self.answers["lsblk"] = code, text
                self.ran.clear()
                shown = self.screen_after("snh")
                self.assertRegex(shown, rf"wrong: .*{words}")
                self.assertIn(console_screen.KEYS_BEFORE, shown)
                self.assertIn("Enter goes on. ", self.asked)
                self.assertIn(("bash", "-l"), self.ran)


class Network(unittest.TestCase):
    """Key n."""

    KEPT = {"interface": "eth0", "address": "192.0.2.1/24", "gateway": "192.0.2.254", "dns": ["192.0.2.53", "192.0.2.54"],
            "ntp": ["192.0.2.123"]}

    def changed(self, kept, *typed, interfaces=("eth0",)):
        """What is kept then, and the questions."""
        typed = iter(("y", *typed))
        asked = []

        def ask(question):
            asked.append(question)
            return next(typed)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "10-static.network")
            if kept:
                file.write_text(machine_settings.network_file(kept, interfaces))
            with mock.patch.multiple(machine_settings, NETWORK=file, ethernet_interfaces=lambda: list(interfaces),
                                     put_into_force=mock.DEFAULT, reload_network=mock.DEFAULT), mock.patch("os.sync"), \
                 mock.patch.multiple(console, ask=ask, run=mock.DEFAULT), mock.patch.object(data_disk, "is_mounted", lambda: True), \
                 contextlib.redirect_stdout(io.StringIO()):
                console.network()
            self.assertEqual([], list(typed))
            return machine_settings.network_of(file.read_text()) if file.exists() else None, asked[1:]

    def test_another_address_leaves_the_rest(self):
        self.assertEqual(self.KEPT | {"address": "192.0.2.7/24"}, self.changed(self.KEPT, "192.0.2.7/24", "", "")[0])
        self.assertEqual(self.KEPT, self.changed(self.KEPT, "", "", "")[0])

    def test_what_is_typed_takes_the_place_of_what_was_there(self):
        self.assertEqual(self.KEPT | {"gateway": "192.0.2.9", "dns": ["192.0.2.5"]},
                         self.changed(self.KEPT, "", "192.0.2.9", "192.0.2.5")[0])
        self.assertEqual({"interface": "eth0", "address": "192.0.2.1/24", "ntp": ["192.0.2.123"]}, self.changed(self.KEPT, "", "-", "-")[0])

    def test_dhcp_takes_the_address_alone(self):
        self.assertEqual({key: self.KEPT[key] for key in ("dns", "ntp")}, self.changed(self.KEPT, "-", "")[0])
        self.assertEqual({"ntp": ["192.0.2.123"]}, self.changed({"ntp": ["192.0.2.123"]}, "")[0])
        self.assertIsNone(self.changed(None, "")[0])
        self.assertIsNone(self.changed({"address": "192.0.2.1/24"}, "-")[0])

    def test_a_first_address_is_asked_for_as_before_there_was_one(self):
        kept, asked = self.changed(None, "192.0.2.1/24", "192.0.2.254", "192.0.2.53")
        self.assertEqual({"interface": "eth0", "address": "192.0.2.1/24", "gateway": "192.0.2.254", "dns": ["192.0.2.53"]}, kept)
        self.assertEqual(["Its address, such as 192.0.2.1/24 (nothing: by DHCP): ", "Gateway: ", "DNS servers: "], asked)

    def test_the_interface_is_kept_where_the_machine_has_it(self):
        self.assertEqual(self.KEPT, self.changed(self.KEPT, "", "", "", "", interfaces=("eth0", "eth1"))[0])
        self.assertEqual("eth2", self.changed(self.KEPT, "", "eth2", "", "", interfaces=("eth1", "eth2"))[0]["interface"])
        self.assertEqual("eth1", self.changed(self.KEPT, "", "", "", interfaces=("eth1",))[0]["interface"])


class Settings(unittest.TestCase):
    def refusal(self, interfaces=("eth0",), **machine):
        with self.assertRaises(Refused) as caught:
            machine_settings.check(machine, list(interfaces))
        return str(caught.exception)

    def test_what_is_wrong_is_refused_before_anything_is_erased(self):
        self.assertIn("unknown key machine.colour", self.refusal(colour="red"))
        self.assertIn("machine.name", self.refusal(name="two words"))
        self.assertIn("machine.name", self.refusal(name=""))
        self.assertIn("machine.name", self.refusal(name="mail\n1"))
        self.assertIn("is missing", self.refusal(address="192.0.2.1"))
        self.assertIn("address", self.refusal(address="192.0.2.300/24"))
        self.assertIn("machine.gateway", self.refusal(gateway="192.0.2.254"))
        self.assertIn("not a list", self.refusal(dns="192.0.2.53"))
        self.assertIn("not a list", self.refusal(ntp=["a\nGateway=1"]))
        self.assertIn("not a public key", self.refusal(ssh_key="AAAA"))

    def test_a_fixed_address_names_its_interface_where_there_are_several(self):
        self.assertIn("eth0, eth1", self.refusal(("eth0", "eth1"), address="192.0.2.1/24"))
        self.assertIn("no eth7; there is eth0", self.refusal(address="192.0.2.1/24", interface="eth7"))
        machine_settings.check({"address": "192.0.2.1/24", "interface": "eth1"}, ["eth0", "eth1"])
        machine_settings.check({"address": "2001:db8::1/64", "gateway": "fe80::1"}, ["eth0"])

    def test_a_network_is_written_for_networkd(self):
        self.assertEqual("[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.1/24\nGateway=192.0.2.254\nDNS=192.0.2.53\nNTP=192.0.2.123\n",
                         machine_settings.network_file({"address": "192.0.2.1/24", "gateway": "192.0.2.254", "dns": ["192.0.2.53"],
                                                        "ntp": ["192.0.2.123"]}, ["eth0"]))
        self.assertEqual("[Match]\nType=ether\n\n[Network]\nDHCP=yes\nDNS=192.0.2.53\n",
                         machine_settings.network_file({"dns": ["192.0.2.53"]}, ["eth0", "eth1"]))


class Screen(unittest.TestCase):
    def state(self, **other):
        return console_screen.State(**({"version": "1.0", "hostname": "mail1", "clock": "12:00:00 UTC", "node": "active",
                                        "addresses": ["192.0.2.1"], "dashboard": "https://192.0.2.1:7443/",
                                        "disk": "1.0 GiB of 8.0 GiB free", "problems": [], "told": "", "disks": []} | other))

    def test_what_is_wrong_is_what_the_node_says_of_itself(self):
        ready = "[+] started\n[-] not_draining: draining\nnot ready\n"
        metrics = '# HELP x y\ngridmail_build_info{version="1.0 x"} 1\ngridmail_slots_below_copies 4097\n'
        self.assertEqual(["not_draining: draining", "4097 slots have fewer copies than they should"],
                         console_screen.problems_of_node(ready, metrics))
        self.assertEqual([], console_screen.problems_of_node("[+] started\nready\n", "gridmail_slots_below_copies 0\n"))
        self.assertEqual(["the node does not answer"], console_screen.problems_of_node("", ""))

    def test_a_node_that_does_not_start_says_why_itself(self):
        with mock.patch("result.why_not_started", lambda: "gridmaild: the token was used"):
            for node in ("failed", "activating", "inactive"):
                self.assertEqual(["gridmaild: the token was used"], console_screen.problems_of_service(node, {"http": "127.0.0.1:7480"}))
        self.assertIn("http", console_screen.problems_of_service("active", {})[0])

    def test_a_browser_understands_the_address_of_the_dashboard(self):
        self.assertEqual("https://192.0.2.1:7443/", console_screen.dashboard_at("192.0.2.1", "0.0.0.0:7443"))
        self.assertEqual("https://[2001:db8::1]:443/", console_screen.dashboard_at("2001:db8::1", "[::]:443"))

    def test_a_healthy_node_fits_a_screen_and_says_where_its_dashboard_is(self):
        lines = console_screen.lines_of(self.state())
        self.assertIn("dashboard   https://192.0.2.1:7443/", lines)
        self.assertIn("Nothing is wrong.", lines)
        self.assertLess(len(lines), 25)
        self.assertLess(max(map(len, lines)), 110)

    def test_a_node_with_a_problem_does_not_say_that_nothing_is_wrong(self):
        lines = console_screen.lines_of(self.state(problems=["the disk is full"], told="It runs.\nPassword: x"))
        self.assertIn("wrong: the disk is full", lines)
        self.assertNotIn("Nothing is wrong.", lines)
        self.assertIn("Password: x", lines)

    def test_a_machine_without_a_node_shows_its_disks_and_how_to_set_it_up(self):
        lines = console_screen.lines_of(self.state(node="not set up", dashboard="", disks=["/dev/vda  blank"]))
        self.assertIn("  /dev/vda  blank", lines)
        self.assertIn("s set up", lines[-1])
        self.assertNotIn("s set up", console_screen.lines_of(self.state(node="being set up", dashboard=""))[-1])
        self.assertNotIn("Nothing is wrong.", lines)


if __name__ == "__main__":
    unittest.main()
