// What `gridmail setup` is to do, without doing it: the configuration to write, and how the node gets into a
// grid.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/base/result.hpp"

namespace gridmail::cli {

struct SetupPlan {
  std::string config;                         ///< TOML as gridmaild reads it
  std::optional<std::string> join_token;      ///< none: a new grid begins here
  std::optional<std::string> admin_password;  ///< of a new grid; none: one is drawn
  /// Of a new grid: who gets mail for postmaster and abuse. Made with domain and mailbox; none: a mailbox
  /// that nobody can log in to until it is given a password.
  std::optional<std::string> postmaster;
};

/// What an admin is asked; everything else keeps its default and can be changed in the file.
struct SetupAnswers {
  std::string hostname;  ///< in greetings and Received
  std::string address;   ///< a host name or address that other nodes reach this machine at
  std::string zone = "default";
  bool ipv6 = false;  ///< clients come by IPv6, too
};

/// Errors: invalid, for what cannot be the value of its key.
[[nodiscard]] Result<std::string> config_of(const SetupAnswers& answers);

/// An unattended set-up: the configuration file to be, and a table [setup] with `join` (a token) or
/// `admin_password` and `postmaster`, which is cut off again. Errors: invalid, as gridmaild would refuse the
/// file.
[[nodiscard]] Result<SetupPlan> read_setup_file(std::string_view text, const std::string& source);

}  // namespace gridmail::cli
