// `gridmail NOUN VERB [arguments]`: parses the command line against the table of verbs, runs one, prints its
// outcome.
#pragma once
#include <iosfwd>

namespace gridmail::cli {

/// The exit code: 0 done, 1 it did not work, 2 wrong usage. With --json exactly one JSON document goes to
/// `out`, also on failure: {"error": {"code", "detail"}}.
[[nodiscard]] int run(int argc, const char* const* argv, std::ostream& out, std::ostream& errors);

}  // namespace gridmail::cli
