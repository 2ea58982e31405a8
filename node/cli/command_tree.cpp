#include "node/cli/command_tree.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <span>
#include <sstream>

#include "node/cli/verbs.hpp"
#include "node/nearest_name.hpp"
#include "node/version.hpp"

namespace gridmail::cli {
namespace {

bool is_required(const Argument& argument) {
  return !is_option(argument) && !argument.name.starts_with('[');
}

std::string name_of(const Argument& argument) {
  auto name = argument.name;
  if (name.starts_with('[')) name = name.substr(1, name.size() - 2);
  return std::string(name.substr(name.rfind(',') + 1));
}

void declare(CLI::App& app, const Argument& argument, std::string& value) {
  const std::string help(argument.help);
  const auto names = is_option(argument) ? std::string(argument.name) : name_of(argument);
  if (argument.is_flag) {
    app.add_flag(names, value, help);
  } else {
    app.add_option(names, value, help)->required(is_required(argument));
  }
}

/// One verb, with the values CLI11 fills in; a deque keeps their addresses.
struct Command {
  const Verb* verb;
  CLI::App* app;
  std::deque<std::pair<const Argument*, std::string>> values;
};

/// What is about printing.
struct Manner {
  bool json = false;
  bool quiet = false;
};

void declare_settings(CLI::App& app, ApiSettings& settings, Manner& manner) {
  app.add_flag("--json", manner.json, "print one JSON document");
  app.add_flag("-q,--quiet,--no-progress", manner.quiet, "draw no progress on a terminal");
  app.add_option("--url", settings.url, "a node's HTTP listener")
      ->envname("GRIDMAIL_URL")
      ->capture_default_str();
  app.add_option("--ca", settings.trust.ca_file, "trust these certificates (PEM) over https")
      ->envname("GRIDMAIL_CA");
  app.add_flag("--insecure", settings.trust.accept_any, "over https trust any certificate");
  app.set_version_flag("--version", std::string("gridmail ") + std::string(version));
  app.footer("Log-in: $GRIDMAIL_TOKEN, or $GRIDMAIL_ADMIN_USER and $GRIDMAIL_ADMIN_PASSWORD.");
}

/// --json and --url may stand anywhere: unknown options fall through to the parent.
CLI::App* subcommand(CLI::App& parent, std::string_view name, std::string_view help) {
  const auto known = parent.get_subcommands([name](CLI::App* child) { return child->get_name() == name; });
  CLI::App* app = known.empty() ? parent.add_subcommand(std::string(name), std::string(help)) : known.front();
  app->fallthrough();
  return app;
}

void declare_verbs(CLI::App& app, std::deque<Command>& commands) {
  for (const auto& verb : verbs()) {
    CLI::App* noun = subcommand(app, verb.noun, verb.name.empty() ? verb.help : help_of_noun(verb.noun));
    CLI::App* target = noun;
    if (!verb.name.empty()) {
      noun->require_subcommand(1);
      target = subcommand(*noun, verb.name, verb.help);
    }
    auto& command = commands.emplace_back(Command{&verb, target, {}});
    for (const auto& argument : verb.arguments) {
      auto& [declared, value] = command.values.emplace_back(&argument, std::string());
      declare(*target, argument, value);
    }
  }
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

Result<Outcome> execute(const Command& command, ApiSettings settings, bool quiet) {
  settings.token = environment("GRIDMAIL_TOKEN");
  settings.user = environment("GRIDMAIL_ADMIN_USER");
  settings.password = environment("GRIDMAIL_ADMIN_PASSWORD");
  if (settings.user.empty() && !settings.password.empty()) settings.user = "admin";
  Arguments arguments;
  for (const auto& [argument, value] : command.values) {
    const auto name = name_of(*argument);
    if (command.app->count(name) > 0) arguments.emplace(name, value);
  }
  if (quiet) arguments.emplace("--no-progress", "");
  settings.dry_run = arguments.contains(dry_run.name);
  const auto api = ApiClient::make(std::move(settings));
  if (!api) return tl::unexpected(api.error());
  return command.verb->run(*api, arguments);
}

Json error_document(std::string_view code, std::string_view detail) {
  return {{"error", {{"code", code}, {"detail", detail}}}};
}

void print(std::ostream& out, const Json& document) {
  out << document.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

/// The words that are neither options nor their values: the noun, the verb, its arguments.
std::vector<std::string_view> plain_words(std::span<const char* const> arguments) {
  std::vector<std::string_view> words;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (word == "--url" || word == "--ca") {
      ++i;
    } else if (!word.starts_with('-')) {
      words.push_back(word);
    }
  }
  return words;
}

std::vector<std::string_view> names_below(std::string_view noun) {
  std::vector<std::string_view> names;
  for (const auto& verb : verbs()) {
    const auto name = noun.empty() ? verb.noun : verb.noun == noun ? verb.name : std::string_view();
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

/// What is meant by a noun or verb that there is none of; nothing when both are right.
std::optional<std::string> unknown_command(std::span<const std::string_view> words) {
  std::string before;
  std::vector<std::string_view> known = names_below("");
  for (const auto word : words.first(std::min<std::size_t>(words.size(), 2))) {
    if (known.empty()) break;  // a noun without verbs
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      const auto nearest = nearest_name(word, known);
      return fmt::format("there is no command {}{}; {}", before, word,
                         nearest ? fmt::format("did you mean {}{}?", before, *nearest)
                                 : fmt::format("there are {}", fmt::join(known, ", ")));
    }
    before = fmt::format("{} ", word);
    known = names_below(word);
  }
  return std::nullopt;
}

/// A wrong command line, or a question for help or the version. Whoever asked for JSON gets one document.
int explain(const CLI::App& app, const CLI::ParseError& error, std::span<const char* const> arguments,
            std::ostream& out, std::ostream& errors) {
  const bool json = std::any_of(arguments.begin(), arguments.end(),
                                [](const char* word) { return std::string_view(word) == "--json"; });
  std::ostringstream text, wrong;
  if (app.exit(error, text, wrong) == 0) {
    if (json) {
      print(out, {{"text", text.str()}});
    } else {
      out << text.str();
    }
    return 0;
  }
  const auto unknown = unknown_command(plain_words(arguments));
  if (json) print(out, error_document("usage", unknown.value_or(error.what())));
  errors << (unknown ? fmt::format("gridmail: {}\n", *unknown) : wrong.str());
  return 2;
}

int report(const Result<Outcome>& outcome, bool json, std::ostream& out, std::ostream& errors) {
  if (outcome) {
    if (json) {
      print(out, outcome->document);
    } else {
      out << outcome->text;
    }
    if (!outcome->complaint.empty()) errors << "gridmail: " << outcome->complaint << "\n";
    return outcome->exit_code;
  }
  const auto& error = outcome.error();
  if (json) print(out, error_document(name_of(error.code), error.text));
  errors << "gridmail: " << error.text << "\n";
  return 1;
}

}  // namespace

int run(int argc, const char* const* argv, std::ostream& out, std::ostream& errors) {
  CLI::App app("Administers a grid of gridmaild nodes through any of them.", "gridmail");
  ApiSettings settings;
  Manner manner;
  std::deque<Command> commands;
  declare_settings(app, settings, manner);
  declare_verbs(app, commands);
  app.require_subcommand(1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(app, error, std::span(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0), out,
                   errors);
  }
  for (const auto& command : commands) {
    const bool chosen = command.app->parsed() && command.app->get_parent()->parsed();
    if (chosen) return report(execute(command, std::move(settings), manner.quiet), manner.json, out, errors);
  }
  return 2;
}

}  // namespace gridmail::cli
