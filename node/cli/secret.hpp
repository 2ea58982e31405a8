// Passwords for the command line, kept out of the process list.
#pragma once
#include <string>
#include <string_view>

#include "node/cli/verbs.hpp"

namespace gridmail::cli {

/// The first line of --password-file; else $GRIDMAIL_PASSWORD; else asked for twice on the terminal, without
/// echo; else the first line of standard input. Errors: invalid (empty, or the two differ), io.
[[nodiscard]] Result<std::string> new_password(const Arguments& arguments, std::string_view whose);

/// All of a file, or of standard input for "-". Errors: io.
[[nodiscard]] Result<std::string> read_file(const std::string& file);

}  // namespace gridmail::cli
