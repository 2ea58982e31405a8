// The machine that `gridmail setup` sets up: what it is called, its files, its service manager.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.hpp"

namespace gridmail::cli {

/// The machine's full name as its resolver knows it, else as it calls itself.
[[nodiscard]] std::string machine_hostname();
/// The first address that is up and not loopback, IPv4 before IPv6; empty when there is none.
[[nodiscard]] std::string machine_address();

/// Writes a file that only root, or root and `group`, may read; never over an existing one, never in part.
/// Errors: already_exists, not_found (the group), io.
[[nodiscard]] Result<void> write_private_file(const std::filesystem::path& file, std::string_view content,
                                              const std::string& group = {});

/// Runs a program and waits for it; its output goes to standard error. Errors: io (cannot be started, or it
/// exited with another code than 0).
[[nodiscard]] Result<void> run_program(const std::vector<std::string>& words);

}  // namespace gridmail::cli
