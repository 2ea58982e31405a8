#include "node/command_line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "node/nearest_name.hpp"
#include "node/version.hpp"

namespace gridmail {
namespace {

struct Arguments {
  std::string config_file, data_dir, name, join_token, join_token_file;
  std::string admin_user = "admin", admin_password_file, admin_token_file;
  std::vector<std::string> listen;
  bool create = false, create_repeats = false, check = false;
};

void declare(CLI::App& app, Arguments& arguments) {
  const auto not_empty = [](const std::string& text) { return std::string(text.empty() ? "is empty" : ""); };
  app.add_option("--config", arguments.config_file, "configuration file (TOML)")
      ->type_name("FILE")
      ->check(not_empty);
  app.add_option("--data-dir", arguments.data_dir, "where this node keeps everything")
      ->type_name("DIR")
      ->check(not_empty);
  app.add_option("--name", arguments.name, "this node's name, unique in the grid")
      ->type_name("NAME")
      ->check(not_empty);
  app.add_option("--listen", arguments.listen,
                 "a listener instead of the configured one, e.g. imap=127.0.0.1:1143")
      ->type_name("SERVICE=HOST:PORT");
  auto* create =
      app.add_flag("--create", arguments.create, "create a new grid with this node as its first member");
  auto* join = app.add_option("--join", arguments.join_token, "join the grid that gave this token")
                   ->type_name("TOKEN")
                   ->check(not_empty);
  auto* join_file =
      app.add_option("--join-file", arguments.join_token_file, "as --join, the token read from a file")
          ->type_name("FILE")
          ->check(not_empty);
  join->excludes(create)->excludes(join_file);
  join_file->excludes(create);
  app.add_option("--admin-user", arguments.admin_user, "with --create: the admin's name")->type_name("NAME");
  app.add_option("--admin-password-file", arguments.admin_password_file,
                 "with --create: the admin's password (or $GRIDMAIL_ADMIN_PASSWORD)")
      ->type_name("FILE");
  app.add_option("--admin-token-file", arguments.admin_token_file,
                 "with --create: an API token to accept (or $GRIDMAIL_ADMIN_TOKEN)")
      ->type_name("FILE");
  app.add_flag("--check-config", arguments.check,
               "read the configuration, say whether it is right, and exit");
  app.set_version_flag("--version", std::string("gridmaild ") + std::string(version));
}

/// A file wins over the environment; neither: empty.
Result<std::string> secret_from(const std::string& file, const char* variable) {
  if (!file.empty()) return read_secret(file);
  const char* value = std::getenv(variable);
  return std::string(value != nullptr ? value : "");
}

/// What the service manager hands over (systemd.exec(5), LoadCredential=) to a node that is in no grid yet;
/// --create and --join win.
void take_credentials(Arguments& arguments) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || arguments.create || !arguments.join_token.empty() ||
      !arguments.join_token_file.empty())
    return;
  const auto credential = [folder](std::string_view name) {
    std::error_code error;
    const auto file = std::filesystem::path(folder) / name;
    return std::filesystem::exists(file, error) ? file.string() : std::string();
  };
  arguments.join_token_file = credential("gridmail.join-token");
  if (!arguments.join_token_file.empty()) return;
  if (auto password = credential("gridmail.admin-password"); !password.empty()) {
    arguments.create = arguments.create_repeats = true;
    arguments.admin_password_file = std::move(password);
  }
}

Result<Service> service_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < service_count; ++i) {
    names.push_back(name_of(static_cast<Service>(i)));
    if (names.back() == name) return static_cast<Service>(i);
  }
  const auto nearest = nearest_name(name, names);
  return fail(Errc::invalid,
              nearest ? fmt::format("there is no service {}; did you mean {}?", name, *nearest)
                      : fmt::format("there is no service {}, only {}", name, fmt::join(names, ", ")));
}

Result<void> apply_listener(NodeConfig& config, const std::string& text) {
  const auto wrong = [&text](std::string_view what) {
    return fail(Errc::invalid, fmt::format("--listen {}: {}", text, what));
  };
  const auto equals = text.find('=');
  if (equals == std::string::npos) return wrong("must be SERVICE=HOST:PORT, such as imap=127.0.0.1:1143");
  const auto service = service_named(std::string_view(text).substr(0, equals));
  if (!service) return wrong(service.error().text);
  const auto address = HostPort::parse(std::string_view(text).substr(equals + 1));
  if (!address) return wrong("after = comes an address with a port, such as 127.0.0.1:1143 or [::1]:1143");
  config.set_listener(*service, *address);
  return {};
}

Result<CommandLine> build(const Arguments& arguments) {
  CommandLine line;
  if (!arguments.config_file.empty()) {
    auto config = load_config(arguments.config_file);
    if (!config) return tl::unexpected(config.error());
    line.config = std::move(*config);
  }
  if (!arguments.data_dir.empty()) line.config.data_dir = arguments.data_dir;
  if (!arguments.name.empty()) line.config.name = arguments.name;
  for (const auto& listener : arguments.listen) {
    if (auto applied = apply_listener(line.config, listener); !applied)
      return tl::unexpected(applied.error());
  }
  if (auto complete = complete_config(line.config); !complete) return tl::unexpected(complete.error());

  line.create = arguments.create;
  line.create_repeats = arguments.create_repeats;
  line.admin.user = arguments.admin_user;
  auto password = secret_from(arguments.admin_password_file, "GRIDMAIL_ADMIN_PASSWORD");
  if (!password) return tl::unexpected(password.error());
  auto token = secret_from(arguments.admin_token_file, "GRIDMAIL_ADMIN_TOKEN");
  if (!token) return tl::unexpected(token.error());
  line.admin.password = std::move(*password);
  line.admin.token = std::move(*token);

  if (!arguments.join_token.empty()) line.join_token = arguments.join_token;
  if (!arguments.join_token_file.empty()) {
    auto join = read_secret(arguments.join_token_file);
    if (!join) return tl::unexpected(join.error());
    line.join_token = std::move(*join);
  }
  return line;
}

}  // namespace

CommandLineOutcome read_command_line(int argc, const char* const* argv) {
  CLI::App app("gridmaild: one node of a mail grid. The same program runs on every node.", "gridmaild");
  Arguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, errors;
    const bool wrong = app.exit(error, out, errors) != 0;
    return {std::nullopt, wrong ? errors.str() : out.str(), wrong ? 2 : 0};
  }
  take_credentials(arguments);
  auto line = build(arguments);
  if (!line) return {std::nullopt, fmt::format("gridmaild: {}\n", line.error().text), 2};
  if (arguments.check) return {std::nullopt, "the configuration is right\n", 0};
  return {std::move(*line), {}, 0};
}

}  // namespace gridmail
