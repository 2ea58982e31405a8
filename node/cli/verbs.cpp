#include "node/cli/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include "node/cli/access_verbs.hpp"
#include "node/cli/admin_verbs.hpp"
#include "node/cli/certificate_verbs.hpp"
#include "node/cli/config_verbs.hpp"
#include "node/cli/doctor.hpp"
#include "node/cli/domain_verbs.hpp"
#include "node/cli/grid_recover.hpp"
#include "node/cli/job_wait.hpp"
#include "node/cli/movement_verbs.hpp"
#include "node/cli/outcome.hpp"
#include "node/cli/queue_verbs.hpp"
#include "node/cli/recipient_verbs.hpp"
#include "node/cli/route_verbs.hpp"
#include "node/cli/secret.hpp"
#include "node/cli/setup.hpp"
#include "node/cli/statistics_verbs.hpp"
#include "node/cli/text_view.hpp"
#include "node/cli/user_import.hpp"

namespace gridmail::cli {
namespace {

Result<Outcome> grid_status(const ApiClient& api, const Arguments&) {
  auto status = api.get("/status");
  if (!status) return tl::unexpected(status.error());
  auto text = status_text(*status);
  return Outcome{std::move(*status), std::move(text), 0};
}

Result<Outcome> node_list(const ApiClient& api, const Arguments&) {
  return list(api, "/nodes",
              {"name", "id", "state", "member_state", "zone", "weight", "addresses", "version"});
}
Result<Outcome> node_join_token(const ApiClient& api, const Arguments& arguments) {
  Json body = Json::object();
  if (const auto given = arguments.find("--ttl"); given != arguments.end()) {
    std::int64_t seconds = 0;
    const char* end = given->second.data() + given->second.size();
    const auto parsed = std::from_chars(given->second.data(), end, seconds);
    if (parsed.ec != std::errc{} || parsed.ptr != end)
      return fail(Errc::invalid, "--ttl must be a number of seconds");
    body["ttl_seconds"] = seconds;
  }
  auto token = api.post("/join-tokens", body);
  if (!token) return tl::unexpected(token.error());
  auto text = token->value("token", "") + "\n";
  return Outcome{std::move(*token), std::move(text), 0};
}

Result<Outcome> slot_list(const ApiClient& api, const Arguments&) {
  return list(api, "/slots", {"slot", "epoch", "primary", "in_sync", "joining", "retired"});
}

Result<Outcome> user_add(const ApiClient& api, const Arguments& arguments) {
  const auto& address = arguments.at("address");
  const auto password = new_password(arguments, address);
  if (!password) return tl::unexpected(password.error());
  return acted(api.post("/users", {{"address", address}, {"password", *password}}),
               fmt::format("added {}", address));
}
Result<Outcome> user_list(const ApiClient& api, const Arguments&) {
  return list(api, "/users", {"address", "id", "created", "role"});
}
Result<Outcome> user_show(const ApiClient& api, const Arguments& arguments) {
  return show(api.get(below("users", arguments.at("address"))));
}
Result<Outcome> user_passwd(const ApiClient& api, const Arguments& arguments) {
  const auto& address = arguments.at("address");
  const auto password = new_password(arguments, address);
  if (!password) return tl::unexpected(password.error());
  return acted(api.put(below("users", address, "/password"), {{"password", *password}}),
               fmt::format("{} has a new password", address));
}
Result<Outcome> user_remove(const ApiClient& api, const Arguments& arguments) {
  const auto& address = arguments.at("address");
  return acted(api.remove(below("users", address)), fmt::format("removed {}", address));
}
Result<Outcome> user_locate(const ApiClient& api, const Arguments& arguments) {
  return show(api.get(below("users", arguments.at("address"), "/location")));
}

Result<Outcome> domain_add(const ApiClient& api, const Arguments& arguments) {
  const auto& name = arguments.at("name");
  Json body = {{"name", name}};
  const auto other = arguments.find("--alias-of");
  if (other != arguments.end()) body["alias_of"] = other->second;
  return acted(api.post("/domains", body), fmt::format("added {}", name));
}
Result<Outcome> domain_list(const ApiClient& api, const Arguments&) {
  return list(api, "/domains", {"name", "users", "alias_of", "catch_all"});
}
Result<Outcome> domain_remove(const ApiClient& api, const Arguments& arguments) {
  const auto& name = arguments.at("name");
  return acted(api.remove(below("domains", name)), fmt::format("removed {}", name));
}

Result<Outcome> alias_add(const ApiClient& api, const Arguments& arguments) {
  const auto &address = arguments.at("address"), &target = arguments.at("target");
  return acted(api.post("/aliases", {{"address", address}, {"target", target}}),
               fmt::format("{} leads to {}", address, target));
}
Result<Outcome> alias_list(const ApiClient& api, const Arguments&) {
  return list(api, "/aliases", {"address", "target"});
}
Result<Outcome> alias_remove(const ApiClient& api, const Arguments& arguments) {
  const auto& address = arguments.at("address");
  return acted(api.remove(below("aliases", address)), fmt::format("removed {}", address));
}

Outcome key_outcome(Json status, int exit_code) {
  auto text = fmt::format("{} (map version {}), keys: {}\n\n", cell_text(status.at("phase")),
                          cell_text(status.at("map_version")), cell_text(status.at("keys"))) +
              table_text(status.at("nodes"), {"name", "state", "has_keys", "id"});
  return {std::move(status), std::move(text), exit_code};
}

Result<Outcome> key_status(const ApiClient& api, const Arguments&) {
  auto status = api.get("/keys");
  if (!status) return tl::unexpected(status.error());
  return key_outcome(std::move(*status), 0);
}

/// Begins a rotation, or goes on watching one that is under way, until it is over. Living nodes that do not
/// follow hold it up: then it is said who, and the exit code is 1.
Result<Outcome> key_rotate(const ApiClient& api, const Arguments&) {
  constexpr auto watched = std::chrono::seconds(60);
  const auto end = std::chrono::steady_clock::now() + watched;
  auto status = api.post("/keys/rotate");
  if (status && is_dry_run(*status)) return would_be(std::move(*status));
  while (status && status->value("phase", "") != "settled" && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    status = api.get("/keys");
  }
  if (!status) return tl::unexpected(status.error());
  const bool over = status->value("phase", "") == "settled";
  return key_outcome(std::move(*status), over ? 0 : 1);
}

/// What man pages, completions and the documentation's tests are made from.
Result<Outcome> commands(const ApiClient&, const Arguments&) {
  Outcome outcome{Json::array(), {}, 0};
  for (const auto& verb : verbs()) {
    Json arguments = Json::array();
    std::string line = fmt::format("gridmail {}{}{}", verb.noun, verb.name.empty() ? "" : " ", verb.name);
    for (const auto& argument : verb.arguments) {
      const bool is_required = !is_option(argument) && !argument.name.starts_with('[');
      line += argument.is_flag      ? fmt::format(" [{}]", argument.name)
              : is_option(argument) ? fmt::format(" [{} ...]", argument.name)
                                    : fmt::format(" {}", argument.name);
      const auto comma = argument.name.find(',');
      const bool has_short = comma != std::string_view::npos;
      arguments.push_back({{"name", has_short ? argument.name.substr(comma + 1) : argument.name},
                           {"short", has_short ? Json(argument.name.substr(0, comma)) : Json(nullptr)},
                           {"help", argument.help},
                           {"required", is_required},
                           {"flag", argument.is_flag}});
    }
    outcome.text += fmt::format("{:<60} {}\n", line, verb.help);
    outcome.document.push_back({{"noun", verb.noun},
                                {"verb", verb.name},
                                {"noun_help", verb.name.empty() ? verb.help : help_of_noun(verb.noun)},
                                {"help", verb.help},
                                {"arguments", std::move(arguments)}});
  }
  return outcome;
}

const Argument node{"node", "its name or id"};
const Argument address{"address", "local-part@domain"};
const Argument password_file{
    "--password-file",
    "whose first line is the password; without it $GRIDMAIL_PASSWORD, or it is asked for, or "
    "read from standard input"};
const Argument wait{"--wait", "until what this sets going is over", true};
const Argument admin_name{"name", "as in admin list"};
const Argument some_id{"[id]", "as in queue list"};
const Argument for_domain{"--destination", "those for this domain"};
const Argument from_sender{"--sender", "those from this address; <>: bounces"};
const Argument domain{"domain", "such as example.org"};
const Argument selector{"selector", "as in dkim list"};

const std::vector<Verb> table = {
    {"grid", "status", "verdict, reasons and nodes", {}, grid_status},
    {"grid",
     "recover",
     "offline, on a stopped node: go on without nodes that are gone for good",
     {{"--config", "the stopped node's configuration file"},
      {"--data-dir", "or its data directory"},
      {"--survivors", "names of the other nodes that are left, with commas between"},
      {"--phrase", "what would have to be typed; without it nothing is changed before it is asked"},
      dry_run},
     grid_recover},
    {"grid",
     "settings",
     "shows the grid-wide settings, and changes those given",
     {{"--copies", "of every slot"},
      {"--copies-min", "that a write must reach"},
      {"--scrub-days", "within which everything stored is read and compared once; 0: never"},
      {"--postmaster", "the user who gets mail for postmaster and abuse"},
      {"--limits", "of clients and users, all of them, such as \"messages-per-user=500/1h\"; none"},
      dry_run},
     grid_settings},
    {"node", "list", "all nodes", {}, node_list},
    {"node",
     "scrub",
     "compare all slots of the node that is asked with their other copies now",
     {wait},
     node_scrub},
    {"node", "drain", "move a node's primaries to other nodes", {node, dry_run, wait}, node_drain},
    {"node", "undrain", "end draining, leaving or maintenance", {node, dry_run}, node_undrain},
    {"node", "remove", "move a node's copies away, then remove it", {node, dry_run, wait}, node_remove},
    {"node",
     "replace",
     "move a node's copies to another in its place, then remove it",
     {node, {"--with", "the other's name or id"}, dry_run, wait},
     node_replace},
    {"node",
     "weight",
     "set a node's share of slots; 0 stores none and votes",
     {node, {"weight", "0 to 10000"}, dry_run, wait},
     node_weight},
    {"node", "zone", "say where a node stands", {node, {"zone", "its zone"}, dry_run, wait}, node_zone},
    {"node",
     "maintenance",
     "let a node be away for a while without being rebuilt",
     {node, {"--for", "such as 10m; units s, m, h, d; 0 ends it"}, dry_run, wait},
     node_maintenance},
    {"node",
     "join-token",
     "a single-use token for gridmail setup --join-file on the new machine",
     {{"--ttl", "seconds until it expires (3600)"}},
     node_join_token},
    {"job", "list", "what moves: progress and estimate", {}, job_list},
    {"job", "pause", "hold a job", {{"id", "as in job list"}}, job_pause},
    {"job", "resume", "let it go on", {{"id", "as in job list"}}, job_resume},
    {"job", "wait", "return when it is over", {{"id", "as in job list"}}, job_wait},
    {"slot", "list", "who holds each slot", {}, slot_list},
    {"user", "add", "add a user", {address, password_file}, user_add},
    {"user",
     "import",
     "add many users",
     {{"file",
       "CSV with address,password in its first line, or a passwd-file; hashes by their {SCHEME}, a password "
       "that looks like one behind {PLAIN}; - is standard input"}},
     user_import},
    {"user", "list", "all users", {}, user_list},
    {"user", "show", "one user with aliases and usage", {address}, user_show},
    {"user", "passwd", "set a user's password", {address, password_file}, user_passwd},
    {"user",
     "role",
     "say what a user may do through API and dashboard",
     {address, {"role", "user, viewer, operator or admin"}},
     user_role},
    {"user",
     "app-password",
     "make, list or end passwords of single mail programs; a new one is printed, this once",
     {{"action", "add, list or remove"},
      address,
      {"--name", "the program's, such as phone"},
      {"--protocols", "what it is for, with commas between: imap, pop3, smtp"},
      dry_run},
     user_app_password},
    {"user", "remove", "remove a user; the mail goes after 14 days", {address, dry_run}, user_remove},
    {"user", "locate", "the slot that holds a user's mail", {address}, user_locate},
    {"domain",
     "add",
     "add a domain, or another name of one",
     {{"name", "such as example.org"}, {"--alias-of", "the domain whose addresses it has"}},
     domain_add},
    {"domain",
     "dns",
     "the records that a domain needs in the DNS, and whether they are there",
     {{"name", "such as example.org"}},
     domain_dns},
    {"domain",
     "catch-all",
     "show or say who gets what is for nobody in a domain",
     {{"name", "such as example.org"}, {"--to", "an address; or none: such mail is refused"}, dry_run},
     domain_catch_all},
    {"domain", "list", "all domains", {}, domain_list},
    {"domain",
     "remove",
     "remove a domain that nothing uses",
     {{"name", "such as example.org"}, dry_run},
     domain_remove},
    {"user",
     "forward",
     "forward a user's mail, or show where it goes",
     {address,
      {"--to", "addresses, with commas between; none ends it"},
      {"--keep", "yes (default) or no: whether the mailbox gets it, too"},
      dry_run},
     user_forward},
    {"user",
     "delegate",
     "let other users send in a user's name, or show who may",
     {address,
      {"--to", "addresses of users, with commas between: these and no others; none ends it"},
      dry_run},
     user_delegate},
    {"list",
     "add",
     "let an address lead to several",
     {address, {"--members", "addresses here or elsewhere, with commas between"}},
     list_add},
    {"list", "list", "all such addresses", {}, list_list},
    {"list", "show", "the members of one", {address}, list_show},
    {"list",
     "change",
     "add and remove members",
     {address,
      {"--add", "addresses, with commas between"},
      {"--remove", "addresses, with commas between"},
      dry_run},
     list_change},
    {"list", "remove", "remove the address", {address, dry_run}, list_remove},
    {"alias", "add", "let an address lead to a user", {address, {"target", "a user's address"}}, alias_add},
    {"alias", "list", "all aliases", {}, alias_list},
    {"alias", "remove", "remove an alias", {address, dry_run}, alias_remove},
    {"dkim",
     "add",
     "make a key that will sign a domain's mail, and print its DNS record",
     {domain,
      {"--algorithm", "rsa (default) or ed25519"},
      {"--selector", "the key's name in the DNS; made of algorithm and date by default"}},
     dkim_add},
    {"dkim",
     "list",
     "keys, whether they sign, and their DNS records",
     {{"--domain", "only of this one"}},
     dkim_list},
    {"dkim",
     "activate",
     "sign with a key whose record is in the DNS; the one before is retired",
     {domain, selector, dry_run},
     dkim_activate},
    {"dkim", "retire", "sign with a key no more", {domain, selector, dry_run}, dkim_retire},
    {"dkim", "remove", "forget a key that does not sign", {domain, selector, dry_run}, dkim_remove},
    {"queue",
     "list",
     "messages that wait for delivery",
     {for_domain,
      from_sender,
      {"--limit", "so many; without it all"},
      {"--after", "those that follow this id"}},
     queue_list},
    {"queue",
     "retry",
     "try one again now, or some",
     {some_id, for_domain, from_sender, dry_run},
     queue_retry},
    {"queue",
     "hold",
     "give one, or some, to nobody until released",
     {some_id, for_domain, from_sender, dry_run},
     queue_hold},
    {"queue", "release", "send what was held", {some_id, for_domain, from_sender, dry_run}, queue_release},
    {"queue", "flush", "try all now, or some", {for_domain, from_sender, dry_run}, queue_flush},
    {"queue",
     "remove",
     "drop one, or some, without telling senders",
     {some_id, for_domain, from_sender, dry_run},
     queue_remove},
    {"route",
     "set",
     "say which way mail for a domain elsewhere goes",
     {domain,
      {"--via", "smtp:HOST:PORT, lmtp:HOST:PORT, or mx: where the DNS says (mx)"},
      {"--tls", "opportunistic, or required: with a certificate for the host's name (opportunistic)"},
      dry_run},
     route_set},
    {"route", "list", "domains whose mail goes a way of its own", {}, route_list},
    {"route", "remove", "let it go where all other mail goes", {domain, dry_run}, route_remove},
    {"certificate",
     "set",
     "show a certificate to mail clients, on all nodes, or replace the one of its name",
     {{"certificate", "a file in PEM, the certificate first and its chain behind it"},
      {"key", "its key, PEM"},
      dry_run},
     certificate_set},
    {"certificate", "list", "what mail clients are shown", {}, certificate_list},
    {"certificate",
     "remove",
     "show one no more",
     {{"name", "as in certificate list"}, dry_run},
     certificate_remove},
    {"token",
     "add",
     "make a token for a program, and print it, this once",
     {{"name", "of the program, without spaces"},
      {"--role", "what it may do: viewer, operator, admin or user"},
      {"--expires", "after such as 30d; units s, m, h, d; or never; without it 365d"}},
     token_add},
    {"token", "list", "tokens of programs, without the tokens", {}, token_list},
    {"token", "remove", "end a token", {{"name", "as in token list"}, dry_run}, token_remove},
    {"admin", "list", "all administrators", {}, admin_list},
    {"admin", "add", "add one", {{"name", "without @ and spaces"}, password_file}, admin_add},
    {"admin", "passwd", "set the password, and end the sessions", {admin_name, password_file}, admin_passwd},
    {"admin", "remove", "remove one; the last one stays", {admin_name, dry_run}, admin_remove},
    {"join-token", "list", "tokens that can still let a machine in, without the tokens", {}, join_token_list},
    {"join-token",
     "remove",
     "it lets nobody in any more",
     {{"id", "as in join-token list"}, dry_run},
     join_token_remove},
    {"session", "list", "browsers that are logged in to the dashboard", {}, session_list},
    {"session", "end", "log one out", {{"id", "as in session list"}, dry_run}, session_end},
    {"audit",
     "list",
     "who did what, the newest first",
     {{"--limit", "so many (100)"}, {"--after", "those that come after this id"}},
     audit_list},
    {"config", "show", "the grid's configuration, as TOML", {}, config_show},
    {"config", "history", "what was applied from files", {}, config_history},
    {"config", "diff", "what one file changed", {{"id", "as in config history"}}, config_diff},
    {"apply",
     "",
     "make the grid as a file says; what is only in the grid stays",
     {{"-f,--file", "as config show prints it, in whole or in part; - is standard input"},
      dry_run,
      {"--prune", "also remove what the file's sections do not have; never users", true}},
     apply_config},
    {"statistics",
     "",
     "log-ins and traffic by day and protocol",
     {{"--by", "user, domain or protocol (protocol)"},
      {"--of", "one user or domain alone, with --by"},
      {"--protocol", "one alone, such as imap"},
      {"--from", "the first day, such as 2026-11-01 (29 days before the last)"},
      {"--to", "the last day (today)"},
      {"--csv", "comma-separated values under a header line (RFC 4180)", true}},
     statistics},
    {"trace", "", "what became of messages", {{"what", "an id, a Message-ID or an address"}}, trace},
    {"key", "status", "the gossip keys, and which nodes have them", {}, key_status},
    {"key", "rotate", "replace the gossip key on every node", {dry_run}, key_rotate},
    {"doctor",
     "",
     "check that this node and the grid are set up right: exit 0 all passed, 1 something wants doing, 2 a "
     "check failed",
     {{"--reach", "a mail server elsewhere, to try port 25 from here: HOST or HOST:PORT"}},
     doctor},
    {"setup",
     "",
     "make this machine a node, the first of a new grid or one of a grid that is",
     {{"--config", "take this configuration (TOML) instead of asking; - is standard input"},
      {"--join-file", "whose first line is a token of the grid to join; - is standard input"},
      {"--join", "the token itself, which others on the machine can see then"}},
     setup},
    {"lookup",
     "",
     "where an address or a domain leads, and which node serves it best",
     {{"key", "an address or a domain"}},
     look_up},
    {"commands", "", "all commands, as this table", {}, commands},
};

}  // namespace

std::span<const Verb> verbs() {
  return table;
}

std::string_view help_of_noun(std::string_view noun) {
  constexpr std::pair<std::string_view, std::string_view> nouns[] = {
      {"grid", "the grid as a whole"},
      {"admin", "accounts that administer the grid and are no users"},
      {"audit", "who did what"},
      {"token", "what programs show the API instead of a password"},
      {"session", "browsers logged in to the dashboard"},
      {"join-token", "what lets machines into the grid; node join-token makes one"},
      {"node", "its nodes"},
      {"job", "what moves in the grid"},
      {"slot", "the shares of all mail"},
      {"user", "who has a mailbox"},
      {"domain", "domains the grid is home to"},
      {"alias", "addresses that lead to a user"},
      {"dkim", "keys that sign a domain's mail"},
      {"list", "addresses that lead to several"},
      {"queue", "messages on their way"},
      {"route", "ways of mail for other domains"},
      {"certificate", "what mail clients are shown in TLS"},
      {"config", "the grid's configuration as a file"},
      {"key", "keys between nodes"}};
  for (const auto& [name, help] : nouns) {
    if (name == noun) return help;
  }
  return {};
}

}  // namespace gridmail::cli
