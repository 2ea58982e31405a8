// Whether a mail server can be reached at port 25 from here.
#pragma once
#include <chrono>
#include <string>

#include "node/base/result.hpp"

namespace gridmail::cli {

/// The first line that it says, without its end; nothing is sent but QUIT. Errors: unavailable (no such host,
/// nobody answers), timed_out, corrupted (it is no mail server).
[[nodiscard]] Result<std::string> mail_greeting(const std::string& host, const std::string& port,
                                                std::chrono::milliseconds timeout);

}  // namespace gridmail::cli
