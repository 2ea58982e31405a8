// Passwords for the command line, kept out of the process list.
#pragma once
#include <string>
#include <string_view>

#include "node/base/result.hpp"

namespace gridmail::cli {

/// The value of `variable`; else asked for twice on the terminal, without echo; else the first line of
/// standard input. Errors: invalid (empty, or the two differ).
[[nodiscard]] Result<std::string> read_new_password(const char* variable, std::string_view whose);

/// All of a file, or of standard input for "-". Errors: io.
[[nodiscard]] Result<std::string> read_file(const std::string& file);

}  // namespace gridmail::cli
