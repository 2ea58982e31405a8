// What verbs make of the API's answers.
#pragma once

#include "node/cli/verbs.hpp"

namespace gridmail::cli {

using Columns = std::vector<std::string_view>;

/// The array at `target`, all pages of it, and as a table.
[[nodiscard]] Result<Outcome> list(const ApiClient& api, std::string_view target, const Columns& columns);
/// Whether it only says what would be changed (ApiSettings::dry_run).
[[nodiscard]] bool is_dry_run(const Json& answer);
/// Such an answer, and as lines.
[[nodiscard]] Outcome would_be(Json answer);
/// An object, and as lines.
[[nodiscard]] Result<Outcome> show(Result<Json> answer);
/// For verbs that only act: a sentence, with the nodes that have not applied the change yet.
[[nodiscard]] Result<Outcome> acted(Result<Json> answer, std::string sentence);
/// The path of one item of a collection.
[[nodiscard]] std::string below(std::string_view collection, const std::string& item,
                                std::string_view rest = {});

}  // namespace gridmail::cli
