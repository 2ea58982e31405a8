"""Names say what a file is for."""

import re
import unittest

from source_tree import sources, tracked_files

BANNED = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "shared"}


class Names(unittest.TestCase):
    def test_no_folder_or_file_has_a_name_for_want_of_a_better_one(self):
        found = set()
        for path in tracked_files():
            for part in path.parts[:-1] + (path.name.split(".")[0],):
                if BANNED & set(re.split(r"[_-]", part)):
                    found.add(str(path))
        self.assertEqual(set(), found)

    def test_files_are_snake_case(self):
        found = [str(path) for path in sources() if not re.fullmatch(r"[a-z0-9_]+", path.stem)]
        self.assertEqual([], found)


if __name__ == "__main__":
    unittest.main()
