#include "node/cli/route_verbs.hpp"

#include <fmt/format.h>

#include "node/cli/outcome.hpp"
#include "node/cli/text_view.hpp"

namespace gridmail::cli {

Result<Outcome> route_set(const ApiClient& api, const Arguments& arguments) {
  const auto& domain = arguments.at("domain");
  const auto there = api.get(below("routes", domain));
  if (!there && there.error().code != Errc::not_found) return tl::unexpected(there.error());
  Json body = {{"via", "mx"}, {"tls", "opportunistic"}};
  if (there) body.update({{"via", there->at("via")}, {"tls", there->at("tls")}});  // what is not said stays
  if (const auto via = arguments.find("--via"); via != arguments.end()) body["via"] = via->second;
  if (const auto tls = arguments.find("--tls"); tls != arguments.end()) body["tls"] = tls->second;
  const auto done =
      fmt::format("mail for {} goes via {}, tls {}", domain, cell_text(body["via"]), cell_text(body["tls"]));
  return acted(api.put(below("routes", domain), body), done);
}

Result<Outcome> route_list(const ApiClient& api, const Arguments&) {
  return list(api, "/routes", {"domain", "via", "tls"});
}

Result<Outcome> route_remove(const ApiClient& api, const Arguments& arguments) {
  const auto& domain = arguments.at("domain");
  return acted(api.remove(below("routes", domain)),
               fmt::format("mail for {} goes where all other mail goes", domain));
}

/// Messages one after the other, each from its beginning.
Result<Outcome> trace(const ApiClient& api, const Arguments& arguments) {
  auto answer = api.get(below("trace", arguments.at("what")));
  if (!answer) return tl::unexpected(answer.error());
  auto text = table_text(answer->at("events"),
                         {"at", "id", "connection", "what", "sender", "recipients", "host", "detail"});
  if (text.empty()) text = "nothing is known of it\n";
  for (const auto& node : answer->at("silent"))
    text += fmt::format("node {} did not answer\n", cell_text(node));
  return Outcome{std::move(*answer), std::move(text), 0};
}

}  // namespace gridmail::cli
