"""What g++ 12 miscompiles in coroutines is not written."""

import re
import unittest

from source_tree import read, sources

# Temporaries of both branches are destroyed: GCC bug 98935 and its kin.
CONDITIONAL = re.compile(r"\?\s*\(?co_await\b|[^:]:\s+co_await\b")
# In a coroutine without locals at its top level, parameters are read from wrong offsets: GCC bug 106188.
IN_CONDITION = re.compile(r"\b(if|switch)\s*\(\s*!?\s*co_await\b")
# Declares `case x: co_await`, range-for and bit-field colons fit for a second look only.
LABEL = re.compile(r"\b(case\b.*|default\s*):\s+co_await\b")


class Coroutines(unittest.TestCase):
    def lines(self, pattern):
        return [f"{path}:{number}: {line.strip()}"
                for path in sources()
                for number, line in enumerate(read(path).splitlines(), 1)
                if pattern.search(line) and not LABEL.search(line)]

    def test_no_co_await_stands_in_a_conditional_expression(self):
        self.assertEqual([], self.lines(CONDITIONAL))

    def test_no_co_await_stands_in_a_condition(self):
        self.assertEqual([], self.lines(IN_CONDITION))


if __name__ == "__main__":
    unittest.main()
