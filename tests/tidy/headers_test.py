"""Each header opens with what it is, and is included once."""

import unittest

from source_tree import read, sources


class Headers(unittest.TestCase):
    def test_each_header_opens_with_its_purpose(self):
        found = [str(path) for path in sources(".hpp") if not read(path).startswith("//")]
        self.assertEqual([], found)

    def test_each_header_is_guarded(self):
        found = [str(path) for path in sources(".hpp") if "#pragma once" not in read(path)]
        self.assertEqual([], found)

    def test_each_file_ends_with_a_newline(self):
        found = [str(path) for path in sources(".cpp", ".hpp", ".py") if read(path) and not read(path).endswith("\n")]
        self.assertEqual([], found)


if __name__ == "__main__":
    unittest.main()
