#include "node/cli/setup.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <thread>

#include "node/base/random.hpp"
#include "node/cli/machine.hpp"
#include "node/cli/secret.hpp"
#include "node/cli/setup_plan.hpp"
#include "node/config.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail::cli {
namespace {

constexpr auto service = "gridmail.service";
constexpr auto group = "gridmail";
constexpr auto admin_user = "admin";
constexpr auto config_file = "/etc/gridmail/gridmail.toml";
/// Where systemd looks for credentials until the next boot (systemd.exec(5), LoadCredential=).
constexpr auto credentials = "/run/credstore";
constexpr auto join_token_credential = "/run/credstore/gridmail.join-token";
constexpr auto admin_password_credential = "/run/credstore/gridmail.admin-password";
constexpr auto first_answer_max = std::chrono::seconds(30);

std::string ask(std::string_view question, const std::string& proposed) {
  fmt::print(stderr, "{}{}: ", question, proposed.empty() ? "" : fmt::format(" [{}]", proposed));
  std::string line;
  std::getline(std::cin, line);
  return line.empty() ? proposed : line;
}

/// On a terminal an admin corrects what the machine says of itself; otherwise that stands.
Result<SetupPlan> plan_by_answers(bool joins) {
  SetupAnswers answers{machine_hostname(), machine_address()};
  answers.ipv6 = std::filesystem::exists("/proc/net/if_inet6");
  SetupPlan plan;
  if (::isatty(STDIN_FILENO) != 0) {
    answers.hostname = ask("Name of this machine to mail clients and servers", answers.hostname);
    answers.address = ask("Address at which the other nodes reach it", answers.address);
    answers.zone = ask("Its zone (room, rack, site: copies are kept apart by it)", answers.zone);
    if (!joins) plan.join_token = ask("Join token of a grid (nothing: a new grid begins here)", "");
    if (plan.join_token && plan.join_token->empty()) plan.join_token.reset();
    if (!joins && !plan.join_token)
      plan.postmaster =
          ask("Address for postmaster and abuse (made here, with its domain; nothing: later)", "");
    if (plan.postmaster && plan.postmaster->empty()) plan.postmaster.reset();
    if (plan.postmaster && !text::canonical_address(*plan.postmaster))
      return fail(Errc::invalid, fmt::format("\"{}\" is not an address", *plan.postmaster));
  } else if (!joins) {
    return fail(Errc::invalid, "nobody to ask: give --config FILE, or --join-file FILE");
  } else if (answers.address.empty()) {
    return fail(Errc::unavailable, "this machine has no address yet at which others could reach it");
  }
  auto config = config_of(answers);
  if (!config) return tl::unexpected(config.error());
  plan.config = std::move(*config);
  return plan;
}

Result<SetupPlan> plan_setup(const Arguments& arguments) {
  auto token = given_join_token(arguments);
  if (!token) return tl::unexpected(token.error());
  const auto file = arguments.find("--config");
  Result<SetupPlan> plan;
  if (file != arguments.end()) {
    const auto text = read_file(file->second);
    if (!text) return tl::unexpected(text.error());
    plan = read_setup_file(*text, file->second);
  } else {
    plan = plan_by_answers(token->has_value());
  }
  if (plan && *token) plan->join_token = std::move(*token);
  if (plan && plan->join_token && plan->admin_password)
    return fail(Errc::invalid, "setup.admin_password: the grid to join has its admin already");
  return plan;
}

Result<void> check_machine() {
  std::error_code error;
  if (std::filesystem::exists(config_file, error))
    return fail(Errc::already_exists, fmt::format("this machine is set up already: {}", config_file));
  if (::geteuid() != 0) return fail(Errc::denied, "only root can set up this machine");
  if (!std::filesystem::exists("/run/systemd/system", error))
    return fail(Errc::unsupported, "systemd does not run here: see gridmaild --help for how to start a node");
  return {};
}

/// What the service reads once, on its first start; gone when this is. Nobody breaks it off half-way: the
/// grid would be there, and its password told to nobody.
class FirstStart {
 public:
  FirstStart() {
    for (const int signal : {SIGINT, SIGHUP, SIGTERM}) std::signal(signal, SIG_IGN);
  }
  ~FirstStart() {
    if (!wrote_config_) return;  // another set-up's, which goes on
    for (const auto* file : {join_token_credential, admin_password_credential}) remove(file);
    if (!started_) remove(config_file);
  }
  FirstStart(const FirstStart&) = delete;
  FirstStart& operator=(const FirstStart&) = delete;

  Result<void> start(const SetupPlan& plan) {
    auto step = write_private_file(config_file, plan.config, group);
    if (!step) return step;
    wrote_config_ = true;
    std::error_code error;
    for (const auto* file : {join_token_credential, admin_password_credential}) remove(file);
    std::filesystem::create_directories(credentials, error);
    std::filesystem::permissions(credentials, std::filesystem::perms::owner_all, error);
    if (error) return fail(Errc::io, fmt::format("{}: {}", credentials, error.message()));
    step = plan.join_token ? write_private_file(join_token_credential, *plan.join_token + "\n")
                           : write_private_file(admin_password_credential, *plan.admin_password + "\n");
    if (!step) return step;
    step = run_program({"systemctl", "restart", service});
    if (!step) {
      (void)run_program({"systemctl", "stop", service});
      return fail(step.error().code, "the node did not start: journalctl -u gridmail says why");
    }
    started_ = true;
    return {};
  }

 private:
  static void remove(const char* file) {
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
  }

  bool wrote_config_ = false;
  bool started_ = false;
};

Result<ApiClient> api_of(const NodeConfig& config, const std::string& password) {
  const auto http = config.listener(Service::http);
  if (!http) return fail(Errc::invalid, "the configuration has no listen.http to ask for a join token");
  auto here = *http;
  if (here.host == "0.0.0.0") here.host = "127.0.0.1";
  if (here.host == "::") here.host = "::1";
  ApiSettings settings;
  settings.url = "http://" + here.text();
  settings.user = admin_user;
  settings.password = password;
  return ApiClient::make(std::move(settings));
}

/// The new grid answers once its first map is agreed.
Result<std::string> first_join_token(const NodeConfig& config, const std::string& password) {
  const auto api = api_of(config, password);
  if (!api) return tl::unexpected(api.error());
  const auto deadline = std::chrono::steady_clock::now() + first_answer_max;
  for (;;) {
    const auto token = api->post("/join-tokens");
    if (token) return token->value("token", "");
    if (token.error().code == Errc::denied) return tl::unexpected(token.error());
    if (std::chrono::steady_clock::now() > deadline) return tl::unexpected(token.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

/// The user's password.
Result<std::string> make_postmaster(const NodeConfig& config, const std::string& admin_password,
                                    const std::string& address) {
  const auto api = api_of(config, admin_password);
  if (!api) return tl::unexpected(api.error());
  SystemRandom random;
  auto password = draw_password(random);
  auto step = api->post("/domains", {{"name", address.substr(address.rfind('@') + 1)}});
  if (step) step = api->post("/users", {{"address", address}, {"password", password}});
  if (step) step = api->put("/settings", {{"postmaster", address}});
  if (!step) return tl::unexpected(step.error());
  return password;
}

/// Adds to what is told.
void add_postmaster(Outcome& outcome, const NodeConfig& config, const std::string& admin_password,
                    const std::string& address) {
  const auto made = make_postmaster(config, admin_password, address);
  if (!made) {
    outcome.text +=
        fmt::format("{} is not the postmaster yet ({}); later: gridmail grid settings --postmaster\n",
                    address, made.error().text);
    return;
  }
  outcome.document["postmaster"] = {{"address", address}, {"password", *made}};
  outcome.text +=
      fmt::format("Mail for postmaster and abuse:\n  user       {}\n  password   {}\n", address, *made);
}

std::string dashboard_of(const NodeConfig& config) {
  const auto https = config.listener(Service::https);
  return https ? fmt::format("https://{}/", HostPort{config.advertised().host, https->port}.text()) : "";
}

}  // namespace

Result<Outcome> setup(const ApiClient&, const Arguments& arguments) {
  if (auto checked = check_machine(); !checked) return tl::unexpected(checked.error());
  auto plan = plan_setup(arguments);
  if (!plan) return tl::unexpected(plan.error());
  auto config = parse_config(plan->config, config_file);
  if (!config) return tl::unexpected(config.error());
  if (auto complete = complete_config(*config); !complete) return tl::unexpected(complete.error());
  const bool is_drawn = !plan->join_token && !plan->admin_password;
  if (is_drawn) {
    SystemRandom random;
    plan->admin_password = draw_password(random);
  }
  FirstStart first_start;
  if (auto started = first_start.start(*plan); !started) return tl::unexpected(started.error());

  Outcome outcome{{{"node", config->name}, {"dashboard", dashboard_of(*config)}}, {}, 0};
  if (plan->join_token) {
    outcome.text =
        fmt::format("{} has joined the grid. Dashboard: {}\n", config->name, dashboard_of(*config));
    return outcome;
  }
  const auto& password = *plan->admin_password;
  const auto token = first_join_token(*config, password);
  if (!token && token.error().code == Errc::denied)
    return fail(Errc::already_exists, fmt::format("{} runs, in the grid that its data is of ({}): the "
                                                  "administrators and passwords of that grid stay",
                                                  config->name, config->data_dir.string()));
  outcome.document["admin"] = {{"user", admin_user}};
  outcome.text = fmt::format("{} runs a new grid.\n  dashboard  {}\n  user       {}\n", config->name,
                             dashboard_of(*config), admin_user);
  if (is_drawn) {
    outcome.document["admin"]["password"] = password;
    outcome.text += fmt::format("  password   {}\n", password);
  }
  outcome.text += "gridmail takes the password from $GRIDMAIL_ADMIN_PASSWORD.\n";
  if (plan->postmaster) add_postmaster(outcome, *config, password, *plan->postmaster);
  if (!token) {
    outcome.text +=
        fmt::format("No join token yet ({}); later: gridmail node join-token\n", token.error().text);
    return outcome;
  }
  outcome.document["join_token"] = *token;
  outcome.text += fmt::format(
      "On the next machine, within an hour, with this token:\n  gridmail setup --join-file -\n  token      "
      "{}\n",
      *token);
  return outcome;
}

}  // namespace gridmail::cli
