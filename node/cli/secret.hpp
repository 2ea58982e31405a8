// Passwords for the command line, kept out of the process list.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/cli/verbs.hpp"

namespace gridmail::cli {

/// The first line of --password-file; else $GRIDMAIL_PASSWORD; else asked for twice on the terminal, without
/// echo; else the first line of standard input. Errors: invalid (empty, or the two differ), io.
[[nodiscard]] Result<std::string> new_password(const Arguments& arguments, std::string_view whose);

/// A join token: --join, or the first line of --join-file, "-" being standard input, asked for on a terminal;
/// nothing when neither is given. Errors: invalid (both, or empty), io.
[[nodiscard]] Result<std::optional<std::string>> given_join_token(const Arguments& arguments);

/// All of a file, or of standard input for "-". Errors: io.
[[nodiscard]] Result<std::string> read_file(const std::string& file);

}  // namespace gridmail::cli
