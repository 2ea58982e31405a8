#include "node/cli/queue_verbs.hpp"

#include <fmt/format.h>

#include "node/cli/outcome.hpp"
#include "node/cli/text_view.hpp"

namespace gridmail::cli {
namespace {

Json choice_in(const Arguments& arguments) {
  Json choice = Json::object();
  for (const auto* option : {"--destination", "--sender"}) {
    if (const auto given = arguments.find(option); given != arguments.end())
      choice[option + 2] = given->second;
  }
  return choice;
}

/// The node does what it can in one call's time, and says where to go on.
Result<Outcome> act_on_all(const ApiClient& api, std::string_view what, Json choice, std::string_view done) {
  std::uint64_t entries = 0;
  for (bool more = true; more;) {
    const auto answer = api.post(fmt::format("/queue/{}", what), choice);
    if (!answer) return tl::unexpected(answer.error());
    if (is_dry_run(*answer)) return would_be(*answer);
    entries += answer->at("entries").get<std::uint64_t>();
    more = answer->contains("next_slot");
    if (more) choice["from_slot"] = answer->at("next_slot");
  }
  return Outcome{{{"entries", entries}}, fmt::format("{} messages {}\n", entries, done), 0};
}

struct Act {
  std::string_view name;      ///< in the API's paths
  std::string_view all_name;  ///< there, for all of a choice
  std::string_view one_done, all_done;
};

Result<Outcome> act(const ApiClient& api, const Arguments& arguments, const Act& what) {
  auto choice = choice_in(arguments);
  const auto id = arguments.find("id");
  if ((id == arguments.end()) == choice.empty())
    return fail(Errc::invalid, "name one message, or those of a --destination or a --sender");
  if (id == arguments.end()) return act_on_all(api, what.all_name, std::move(choice), what.all_done);
  auto answer = what.name.empty() ? api.remove(below("queue", id->second))
                                  : api.post(below("queue", id->second, fmt::format("/{}", what.name)));
  return acted(std::move(answer), fmt::format("{} {}", id->second, what.one_done));
}

}  // namespace

Result<Outcome> queue_list(const ApiClient& api, const Arguments& arguments) {
  std::string target = "/queue";
  for (const auto* option : {"--destination", "--sender", "--limit", "--after"}) {
    const auto given = arguments.find(option);
    if (given == arguments.end()) continue;
    target += fmt::format("{}{}={}", target.find('?') == std::string::npos ? '?' : '&', option + 2,
                          path_part(given->second));
  }
  auto rows = arguments.contains("--limit") ? api.get(target) : api.get_all(target);
  if (!rows) return tl::unexpected(rows.error());
  auto text = table_text(*rows, {"id", "sender", "recipients", "bytes", "accepted", "next_attempt",
                                 "attempts", "held", "last_error"});
  return Outcome{std::move(*rows), std::move(text), 0};
}
Result<Outcome> queue_retry(const ApiClient& api, const Arguments& arguments) {
  return act(api, arguments, {"retry", "flush", "is tried again now", "are tried again now"});
}
Result<Outcome> queue_hold(const ApiClient& api, const Arguments& arguments) {
  return act(api, arguments, {"hold", "hold", "is held", "are held"});
}
Result<Outcome> queue_release(const ApiClient& api, const Arguments& arguments) {
  return act(api, arguments, {"release", "release", "is sent from now on", "are sent from now on"});
}
Result<Outcome> queue_remove(const ApiClient& api, const Arguments& arguments) {
  return act(api, arguments, {"", "remove", "is removed", "are removed"});
}
Result<Outcome> queue_flush(const ApiClient& api, const Arguments& arguments) {
  return act_on_all(api, "flush", choice_in(arguments), "are tried again now");
}

}  // namespace gridmail::cli
