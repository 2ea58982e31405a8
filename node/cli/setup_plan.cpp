#include "node/cli/setup_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "node/config.hpp"
#include "node/config_table.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail::cli {
namespace {

constexpr std::uint16_t peer_port = 7420;

/// As gridmaild would read it.
Result<void> check(const std::string& config, const std::string& source) {
  auto read = parse_config(config, source);
  if (!read) return tl::unexpected(read.error());
  return complete_config(*read);
}

/// Names, addresses and zones need no escapes in TOML.
bool is_plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

}  // namespace

Result<std::string> config_of(const SetupAnswers& answers) {
  for (const auto* text : {&answers.hostname, &answers.address, &answers.zone}) {
    if (!is_plain(*text)) return fail(Errc::invalid, fmt::format("\"{}\" cannot be used here", *text));
  }
  // The unspecified address of IPv6 is heard on by IPv4 as well.
  const auto* everywhere = answers.ipv6 ? "[::]" : "0.0.0.0";
  const auto config = fmt::format(R"toml(# Written by gridmail setup. Every key there is: gridmail.toml(5).
hostname = "{2}"
zone = "{3}"

[peer]
listen = "{0}:{1}"
advertise = "{4}"

[listen]
smtp = "{0}:25"
submission = "{0}:587"
submissions = "{0}:465"
imap = "{0}:143"
imaps = "{0}:993"
pop3 = "{0}:110"
pop3s = "{0}:995"
http = "127.0.0.1:7480"
https = "{0}:7443"

[local_mail]
socket = "/run/gridmail/sendmail"
)toml",
                                  everywhere, peer_port, answers.hostname, answers.zone,
                                  HostPort{answers.address, peer_port}.text());
  if (auto checked = check(config, "the answers"); !checked) return tl::unexpected(checked.error());
  return config;
}

Result<SetupPlan> read_setup_file(std::string_view text, const std::string& source) {
  SetupPlan plan;
  ConfigProblem problem(source);
  std::ostringstream rest;
  try {
    auto table = toml::parse(text, source);
    ConfigTable setup = ConfigTable(&table, "", problem).table("setup");
    std::string join, password, postmaster;
    setup.read("join", join);
    setup.read("admin_password", password);
    setup.read("postmaster", postmaster);
    setup.finish();
    if (problem.error()) return tl::unexpected(*problem.error());
    if (!join.empty() && !password.empty()) {
      return fail(Errc::invalid,
                  source + ": setup.join and setup.admin_password: the grid has its admin already");
    }
    if (!join.empty() && !postmaster.empty())
      return fail(Errc::invalid,
                  source + ": setup.join and setup.postmaster: the grid has its postmaster already");
    if (!postmaster.empty() && !text::canonical_address(postmaster))
      return fail(Errc::invalid, source + ": setup.postmaster: not an address: " + postmaster);
    if (!postmaster.empty()) plan.postmaster = std::move(postmaster);
    if (!join.empty()) plan.join_token = std::move(join);
    if (!password.empty()) plan.admin_password = std::move(password);
    if (!table.contains("setup")) {
      plan.config = text;
    } else {
      table.erase("setup");
      rest << table << "\n";
      plan.config = std::move(rest).str();
    }
  } catch (const toml::parse_error& error) {
    problem.report(error.source().begin, error.description());
    return tl::unexpected(*problem.error());
  }
  if (auto checked = check(plan.config, source); !checked) return tl::unexpected(checked.error());
  return plan;
}

}  // namespace gridmail::cli
