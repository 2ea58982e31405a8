"""Arrows point down only: what each layer may include (design, section 4)."""

import re
import unittest

from source_tree import read, sources

LAYERS = ("node/base", "node/runtime", "gossip", "storage", "protocols", "node", "tests")

MAY_INCLUDE = {
    "node/base": {"node/base"},
    "node/runtime": {"node/base", "node/runtime"},
    "gossip": {"node/base", "node/runtime", "gossip"},
    "storage": {"node/base", "node/runtime", "gossip", "storage"},
    "protocols": {"node/base", "node/runtime", "protocols"},
    "node": {"node/base", "node/runtime", "gossip", "storage", "protocols", "node"},
    "tests": set(LAYERS),
}

INCLUDE = {
    "node/base": {"node/base"},
    "node/runtime": {"node/base", "node/runtime"},
    "gossip": {"node/base", "node/runtime", "gossip"},
    "storage": {"node/base", "node/runtime", "gossip", "storage"},
    "protocols": {"node/base", "node/runtime", "protocols"},
    "node": {"node/base", "node/runtime", "gossip", "storage", "protocols", "node"},
    "tests": set(LAYERS),
}

# Places inside a layer that a layer above may not reach past the rule, each with its reason.
ALLOWED = {
    # A message is parsed once, at delivery, by the slot that stores it: the parser is pure and knows no port.
    ("storage", "protocols/mime"),
    # Names of mailboxes and addresses are compared by the same pure functions everywhere.
    ("storage", "protocols/text"),
    # Storage fills the values in which protocols ask.
    ("storage", "protocols/ports"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def layer_of(path):
    matches = [layer for layer in LAYERS if str(path).startswith(layer + "/")]
    return max(matches, key=len) if matches else None


def violations():
    for path in sources():
        layer = layer_of(path)
        if layer is None:
            continue
        for target in INCLUDE.findall(read(path)):
            other = layer_of(target)
            if other is None:
                if "/" not in target:
                    yield f"{path}: \"{target}\" is not written from the root"
            elif other not in MAY_INCLUDE[layer]:
                yield f"{path}: {layer} may not include {target}"


class Layering(unittest.TestCase):
    def test_arrows_point_down_only(self):
        self.assertEqual([], list(violations()))

    def test_protocol_states_and_parsers_know_no_asio(self):
        pure = re.compile(r"_(parser|command|reply|state|plan|map)\.(hpp|cpp)$")
        found = [str(path) for path in sources() if pure.search(path.name) and not str(path).startswith("tests/")
                 and re.search(r"#\s*include\s*<asio/", read(path))]
        self.assertEqual([], found)

    def test_only_stores_use_rocksdb(self):
        found = [str(path) for path in sources() if re.search(r"#\s*include\s*<rocksdb/", read(path))
                 and not str(path).startswith(("storage/local/", "tests/"))]
        self.assertEqual([], found)


if __name__ == "__main__":
    unittest.main()
