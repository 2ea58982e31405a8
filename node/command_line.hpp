// gridmaild's command line: which configuration, and what to do with an empty data directory.
#pragma once
#include <optional>
#include <string>

#include "node/config.hpp"

namespace gridmail {

/// The admin of a grid that is about to be created.
struct FirstAdmin {
  std::string user = "admin";
  std::string password;  ///< empty: draw one and print it once
  std::string token;     ///< a Bearer token to accept from the start; empty: none
};

/// What gridmaild was asked to do. With neither `create` nor `join_token` the data directory must hold a node
/// that is a member already; on such a directory `join_token` of its grid means nothing, so that a join that
/// broke off can be repeated, and `create` is an error, unless the creation broke off.
struct CommandLine {
  NodeConfig config;
  bool create = false;
  bool create_repeats = false;  ///< asked by a service manager at every start: means nothing to a member
  FirstAdmin admin;             ///< for `create`
  std::optional<std::string> join_token;
};

/// What main does next: run with the command line, or print `text` and exit with `exit_code` (2: wrong usage
/// or configuration; 0: --help, --version).
struct CommandLineOutcome {
  std::optional<CommandLine> run;
  std::string text;
  int exit_code = 0;
};

/// Reads the arguments and the configuration file they name, applies --data-dir, --name and --listen over it,
/// and completes it. The admin's password comes from --admin-password-file or $GRIDMAIL_ADMIN_PASSWORD, the
/// token from --admin-token-file or $GRIDMAIL_ADMIN_TOKEN, never from an argument, which everyone on the
/// machine could read. Without --create and --join, the credentials gridmail.join-token or else
/// gridmail.admin-password of the service manager ($CREDENTIALS_DIRECTORY) stand for them.
[[nodiscard]] CommandLineOutcome read_command_line(int argc, const char* const* argv);

}  // namespace gridmail
