"""What people read about the commands, and what shells complete, agrees with the commands there are."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"
sys.path[:0] = [str(ROOT / "packaging/generate"), str(ROOT / "tests/support")]

import admin_manual  # noqa: E402
import command_table  # noqa: E402
import completions  # noqa: E402
import manual_pages  # noqa: E402
from documented_commands import documented  # noqa: E402


def problem(rows, globals_, words):
    """What is wrong with a command line, by the table; nothing: it is right."""
    names = {option.name: bool(option.value) for option in globals_}
    names |= {argument["name"]: False for row in rows for argument in row["arguments"] if argument["flag"]}
    given, options = [], []
    words = iter(words)
    for word in words:
        if word.startswith("--"):
            options.append(word)
            if names.get(word, True):
                next(words, None)
        else:
            given.append(word)
    for row in rows:
        command = [row["noun"], row["verb"]] if row["verb"] else [row["noun"]]
        if given[:len(command)] != command:
            continue
        known = {argument["name"] for argument in row["arguments"] if command_table.is_option(argument)} | set(names)
        positional = [argument for argument in row["arguments"] if not command_table.is_option(argument)]
        if set(options) - known:
            return f"no option {set(options) - known}"
        count = len(given) - len(command)
        # Text may name a command without its arguments.
        return "" if count in (0, len(positional)) else f"{len(positional)} arguments, not {count}"
    return "" if not given else "no such command"


def reasons(source):
    """Of each literal of a reason for the verdict, what it is known by: the longest part before its colon without anything filled in."""
    for said in re.findall(r"\.say\((.*?)\);", source, re.DOTALL):
        literals = re.findall(r'"((?:[^"\\]|\\.)*)"', re.sub(r'"\s*"', "", said))
        parts = [max(re.split(r"\{.*?\}", literal.split(":")[0]), key=len).strip() for literal in literals]
        # Of "node {} is {}" nothing is left to know it by: what is filled in there stands beside it.
        yield said, [part for part in parts if len(part) > 5]


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = command_table.commands(BUILD)
        cls.globals = command_table.options(BUILD / "gridmail")
        cls.folder = tempfile.TemporaryDirectory()
        sys.argv = ["", str(BUILD), cls.folder.name]
        completions.main()
        manual_pages.main()
        cls.out = pathlib.Path(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_every_command_in_the_documents_exists(self):
        commands = list(documented())
        self.assertGreater(len(commands), 15)
        wrong = [(name, " ".join(words), problem(self.rows, self.globals, words)) for name, words in commands]
        self.assertEqual([], [row for row in wrong if row[2]])

    def test_the_manual_says_what_to_do_for_each_alert(self):
        alerts = re.findall(r"- alert: (\w+)", (ROOT / "packaging/monitoring/alerts.yml").read_text())
        self.assertGreater(len(alerts), 5)
        rows = re.findall(r"^\| `(Gridmail\w+)` \| \S", (ROOT / "packaging/admin.md").read_text(), re.MULTILINE)
        self.assertEqual(alerts, rows)

    def test_the_manual_says_what_to_do_for_each_reason_of_the_verdict(self):
        found = list(reasons((ROOT / "node/grid_health.cpp").read_text()))
        self.assertGreater(len(found), 8)
        self.assertEqual([], [said for said, parts in found if not parts])
        table = (ROOT / "packaging/admin.md").read_text().split("| it says | then |")[1].split("\n\n")[0]
        rows = [row.replace(" a node", " node") for row in re.findall(r"^\| (.*?) \| \S", table, re.MULTILINE)]
        missing = []
        for part in sorted((part for _, parts in found for part in parts), key=len, reverse=True):
            row = next((row for row in rows if part in row), None)
            if row:
                rows.remove(row)  # a row is of one reason: the voters' is none of a node that is silent
            else:
                missing.append(part)
        self.assertEqual([], missing)

    def test_reasons_are_known_by_what_is_not_filled_in(self):
        source = '''health.say(bad, "the roof leaks: mend it");
            health.say(bad, fmt::format("node {} has a "
                                        "wet floor {}", name, 1));
            health.say(bad, fmt::format("node {} is {}", name, wet ? "soaked: dry it" : "bone dry"));
            health.say(bad, fmt::format("{}", text));'''
        self.assertEqual([["the roof leaks"], ["has a wet floor"], ["soaked", "bone dry"], []],
                         [parts for _, parts in reasons(source)])

    def test_what_the_manual_has_typed_on_machines_is_typed_by_a_test(self):
        lines = admin_manual.shell_lines()
        self.assertGreater(len(lines), 20)
        lives = "".join((ROOT / "tests/packaging" / name).read_text() for name in
                        ("life_of_a_package.py", "life_of_an_image.py", "qemu_machine.py"))
        self.assertEqual([], [line for line in lines if f'"{line}"' not in lives and f"'{line}'" not in lives])

    def test_what_is_typed_on_machines_is_told_from_the_rest(self):
        text = "Say `gridmail grid status`, or\n\n```sh\napt-get install x\n```\n\n```toml\ndd = 1\n```\n\n`gridmail\nsetup`, `gridmail setup --config`, `dd\nif=a`."
        self.assertEqual(["apt-get install x", "gridmail setup", "dd if=a"], admin_manual.shell_lines(text))

    def test_the_manuals_answers_are_toml(self):
        for number in (0, 1):
            self.assertIn("TOKEN", tomllib.loads(admin_manual.answers(number, {}))["setup"]["join"])

    def test_the_check_of_documents_finds_what_is_wrong(self):
        for line in ("node explode", "node zone mail1", "user add a@b --colour red", "explode"):
            self.assertTrue(problem(self.rows, self.globals, line.split()), line)

    def test_the_manual_page_has_every_command_and_option(self):
        page = (self.out / "gridmail.1").read_text().replace("\\-", "-").replace("\\fR", "").replace("\\fB", "")
        for row in self.rows:
            self.assertIn(f"\n{row['noun']} {row['verb']}".rstrip(), page)
            for argument in row["arguments"]:
                self.assertIn(argument["help"], page)
        for option in self.globals:
            self.assertIn(f"\n{option.name}", page)
        self.assertRegex(page.split(".SH EXIT STATUS")[1], r"\ndoctor\n.*1: something wants doing.*2: a check failed")
        daemon = (self.out / "gridmaild.8").read_text().replace("\\-", "-")
        for option in ("--config", "--create", "--join-file"):
            self.assertIn(option, daemon)

    def complete(self, *words):
        """What bash offers after these words; the last is being typed."""
        script = (f"source {self.out}/gridmail.bash; COMP_WORDS=(gridmail {' '.join(map(repr, words))}); "
                  f"COMP_CWORD={len(words)}; _gridmail; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        done = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True)
        self.assertEqual("", done.stderr)
        return set(done.stdout.split())

    def test_bash_completes_nouns_verbs_and_options(self):
        self.assertEqual({row["noun"] for row in self.rows}, self.complete(""))
        self.assertEqual({"session", "setup", "slot", "statistics"}, self.complete("s"))
        self.assertEqual({row["verb"] for row in self.rows if row["noun"] == "node"}, self.complete("node", ""))
        self.assertEqual({"--copies", "--copies-min"}, self.complete("grid", "settings", "--c") - {"--ca"})
        self.assertEqual({"list"}, self.complete("--url", "http://127.0.0.1:1", "node", "li"))
        self.assertEqual({"--join", "--join-file", "--json"}, self.complete("setup", "--j"))

    def test_the_table_as_text_has_a_line_for_each_command(self):
        text = command_table.output_of(BUILD / "gridmail", "commands")
        self.assertEqual(len(self.rows), len(text.splitlines()))
        self.assertEqual(self.rows, json.loads(command_table.output_of(BUILD / "gridmail", "commands", "--json")))


if __name__ == "__main__":
    unittest.main()
