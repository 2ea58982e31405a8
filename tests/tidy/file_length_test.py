"""Small files: a median of about 100 lines, nine in ten below 400."""

import statistics
import unittest

from source_tree import read, sources

LINES_MAX = 700


def lengths():
    return {str(path): read(path).count("\n") for path in sources() if not str(path).startswith("tests/")}


class FileLength(unittest.TestCase):
    def test_median_is_small(self):
        self.assertLess(statistics.median(lengths().values()), 160)

    def test_nine_in_ten_are_below_400_lines(self):
        long = sorted((length, path) for path, length in lengths().items() if length >= 400)
        self.assertLess(len(long), len(lengths()) / 10, long)

    def test_none_is_huge(self):
        self.assertEqual([], [(path, length) for path, length in lengths().items() if length > LINES_MAX])

    def test_lines_fit_the_screen(self):
        found = [f"{path}:{number}" for path in sources() if "/dashboard/" not in str(path)
                 for number, line in enumerate(read(path).splitlines(), 1)
                 if len(line) > 140 and "http" not in line and 'R"' not in line]
        self.assertEqual([], found)


if __name__ == "__main__":
    unittest.main()
