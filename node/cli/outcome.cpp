#include "node/cli/outcome.hpp"

#include <fmt/format.h>

#include "node/cli/text_view.hpp"

namespace gridmail::cli {

Result<Outcome> list(const ApiClient& api, std::string_view target, const Columns& columns) {
  auto rows = api.get_all(target);
  if (!rows) return tl::unexpected(rows.error());
  auto text = table_text(*rows, columns);
  return Outcome{std::move(*rows), std::move(text), 0};
}

bool is_dry_run(const Json& answer) {
  return answer.is_object() && answer.value("dry_run", false);
}

Outcome would_be(Json answer) {
  std::string text = "nothing is changed; this would be done:\n";
  for (const auto& change : answer.at("changes")) {
    text += fmt::format("{} {}\n", cell_text(change.at("verb")), cell_text(change.at("object")));
    for (const auto* side : {"before", "after"}) {
      const auto state = change.value(side, "");
      if (!state.empty()) text += fmt::format("  {}: {}\n", side, state);
    }
  }
  for (const auto& effect : answer.at("effects")) text += fmt::format("  {}\n", cell_text(effect));
  if (answer.at("changes").empty()) text = "nothing would change\n";
  return {std::move(answer), std::move(text), 0};
}

Result<Outcome> show(Result<Json> answer) {
  if (!answer) return tl::unexpected(answer.error());
  if (is_dry_run(*answer)) return would_be(std::move(*answer));
  auto text = record_text(*answer);
  return Outcome{std::move(*answer), std::move(text), 0};
}

Result<Outcome> acted(Result<Json> answer, std::string sentence) {
  if (!answer) return tl::unexpected(answer.error());
  if (is_dry_run(*answer)) return would_be(std::move(*answer));
  sentence += '\n';
  const auto behind = answer->find("not_yet_on");
  if (behind != answer->end() && !behind->empty()) {
    sentence += fmt::format("not yet applied on: {}\n", cell_text(*behind));
  }
  return Outcome{std::move(*answer), std::move(sentence), 0};
}

std::string below(std::string_view collection, const std::string& item, std::string_view rest) {
  return fmt::format("/{}/{}{}", collection, path_part(item), rest);
}

}  // namespace gridmail::cli
